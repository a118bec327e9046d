#!/usr/bin/env python
"""Runs Django; nothing else."""

from console.__main__ import main

if __name__ == "__main__":
    main()
