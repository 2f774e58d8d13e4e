"""The named cases, one module a theme: replies stated by hand, and the model has to agree."""
