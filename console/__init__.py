"""The coordinators' console: server-rendered pages below /console.

`docs/adding-a-console-page.md` says how to add one.
"""
