"""The audit log: what is kept of every act, and how it is read and verified."""
