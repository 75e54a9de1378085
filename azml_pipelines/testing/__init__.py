"""For tests, ours and yours: scripted slots and misbehaving entry scripts."""
