//! Sockets: bytes in and out, and what each port needs before its streams are links.

pub mod client;
pub mod election;
pub mod listen;
pub mod quorum;
pub mod resolve;
pub mod socket;
