import json
S='''
import os
def run(mini_batch):
    out=[]
    for p in mini_batch:
        n=os.path.basename(p)
        if n in BAD: raise ValueError("bad "+n)
        if n != SHORT: out.append(n)
    return out
'''
def test_smoke(job, capsys):
    run = job.finish("BAD=('00003.txt','00004.txt'); SHORT='00007.txt'\n"+S, files=10, mini_batch_size=2, run_max_try=1)
    print(run.state())
    for f in run.verify(): print(f)
    for i in run.failed_items(): print(i)
    for i in run.step_failures(): print(i)
    from azml_pipelines.store.failed_items_files import write_failed_items
    print(write_failed_items(run.folder, run.plan.steps[0], 0))
    print(run.folder.step(run.plan.steps[0].step_run_id).failed_items_csv.read_text())
    run.replay(0)
    try:
        run.replay(1)
    except ValueError:
        import traceback; traceback.print_exc()
    from azml_pipelines import Experiment
    p = job.pipeline("BAD=('00003.txt','00004.txt'); SHORT='00007.txt'\n"+S, files=10, mini_batch_size=2, run_max_try=1)
    r2 = Experiment(job.workspace,"tests").submit(p, debug=True)
    print(r2.state())
    for f in r2.verify(): print(f)
    assert job.output(r2)==job.output(run)
