"""Operations on many runs: planned, carried out by the runner, and told."""
