"""Who may do what: roles, grants and teams. The actions stand in :mod:`console.permissions`."""
