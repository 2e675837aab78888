"""NATS: messages through JetStream, and wake-ups between processes."""
