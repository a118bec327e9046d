"""The demo: a PostgreSQL of its own, a DBOS application at work, and the console that shows it.

`python -m demo` starts all three, prints one line with the address and the sign-in, and stops
them together. `demo.worker` is the application, and worth reading as an example of one.
"""
