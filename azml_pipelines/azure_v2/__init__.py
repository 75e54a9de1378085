"""Documents of Azure ML version 2 become pipelines of this package."""
