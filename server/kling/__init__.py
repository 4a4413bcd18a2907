"""A REST face that speaks Kling's API, so that a client made for it works by changing its base URL.

    wire.py        what its clients send
    translate.py   that, as arguments of our verbs, and its refusals
    refusals.py    Kling's error codes
    door.py        its tokens (JWT, HS256)
    objects.py     a job as Kling's task object
    tasks.py       the tasks made here
    callbacks.py   telling a client's own address how a task goes
    routes.py      the endpoints

Source: Kling AI, API reference (text2video, image2video, video-extend, image generation, callback protocol), 2026-02.
"""
