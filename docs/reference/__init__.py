"""The parts of docs/ that are made from the code, and the code that makes them.

    __main__.py    which pages have which blocks; writes them
    markdown.py    tables, and JSON schemas in words
    meanings.py    what fields mean where the schemas do not say it
    tools.py       mcp.md, from the verbs and a server that is asked
    http.py        http.md, from the app's routes and the OpenAPI document
    kling.py       http.md too: the face for clients of Kling's API
    cli.py         cli.md, from the command line
    settings.py    settings.md, from the settings
    camera.py      camera.md, from the camera's tables and the guide that models read
    models.py      models.md, from the cards and the memory plans
    scripts.py     the worked example of scripts.md, from the director

Write them anew: python -m docs.reference
"""
