"""The console: a Django project and its one app, over client_core."""
