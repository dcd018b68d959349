"""What touches the world: every task, every process, git, agents, memory, evidence, every sentence a person reads."""
