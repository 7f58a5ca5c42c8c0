//! The handshake of a client connection: the first frame in each direction (Java:
//! `ZooKeeperServer.processConnectRequest`, `finishSessionInit`).
//!
//! Both records end with a `readOnly` byte that clients before 3.4 do not send. A server writes it
//! only to a client that did, so `None` here is "the byte is not there".

use crate::base::{SessionId, Zxid};
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Writer};

/// Bytes of a session password.
pub const PASSWORD_BYTES: usize = 16;

/// First frame of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Always 0.
    pub protocol_version: i32,
    /// Largest zxid the client has seen, zero for a new client. A server that is behind it must
    /// not serve this client.
    pub last_zxid_seen: Zxid,
    /// The session timeout that the client would like.
    pub timeout_ms: i32,
    /// The session to attach to again, or zero for a new one.
    pub session: SessionId,
    /// The password of that session; zeros or null for a new one.
    pub password: Buffer,
    /// The client accepts a read-only server. `None`: the byte is absent.
    pub read_only: Option<bool>,
}

/// First frame of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectResponse {
    /// Always 0.
    pub protocol_version: i32,
    /// The session timeout that holds; 0 if the session is over.
    pub timeout_ms: i32,
    /// The session; zero if it is over.
    pub session: SessionId,
    /// The session's [`password`]; zeros if it is over.
    pub password: Buffer,
    /// This server is read-only. `None`: the byte is absent, as it was in the request.
    pub read_only: Option<bool>,
}

/// The password of a session: a function of its id that is the same in every ZooKeeper, so that a
/// client can move between servers of different make (Java: `ZooKeeperServer.generatePasswd`).
#[must_use]
pub fn password(session: SessionId) -> [u8; PASSWORD_BYTES] {
    const SECRET: i64 = 0xb341_5c00;
    let mut random = JavaRandom::new(session.0 ^ SECRET);
    let mut password = [0; PASSWORD_BYTES];
    for chunk in password.chunks_exact_mut(4) {
        chunk.copy_from_slice(&random.next_u32().to_le_bytes());
    }
    password
}

/// The linear congruential generator of `java.util.Random`.
struct JavaRandom {
    state: u64,
}

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_deec_e66d;
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: i64) -> Self {
        Self { state: (seed.cast_unsigned() ^ Self::MULTIPLIER) & Self::MASK }
    }

    #[allow(clippy::cast_possible_truncation, reason = "bits 16 to 47 are what is asked for")]
    fn next_u32(&mut self) -> u32 {
        self.state = self.state.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xb) & Self::MASK;
        (self.state >> 16) as u32
    }
}

impl ConnectResponse {
    /// The answer to a client whose session is over, or whose password is wrong.
    #[must_use]
    pub fn expired(read_only: Option<bool>) -> Self {
        Self {
            protocol_version: 0,
            timeout_ms: 0,
            session: SessionId(0),
            password: Some(bytes::Bytes::from_static(&[0; PASSWORD_BYTES])),
            read_only,
        }
    }
}

/// The byte that may be missing at the end of a frame.
fn trailing_bool(input: &mut Reader) -> Result<Option<bool>, DecodeError> {
    if input.remaining() == 0 { Ok(None) } else { input.bool().map(Some) }
}

impl Encode for ConnectRequest {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.protocol_version);
        self.last_zxid_seen.encode(out);
        out.i32(self.timeout_ms);
        out.i64(self.session.0);
        out.buffer(self.password.as_ref());
        if let Some(read_only) = self.read_only {
            out.bool(read_only);
        }
    }
}

impl Decode for ConnectRequest {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            protocol_version: input.i32()?,
            last_zxid_seen: Zxid::decode(input)?,
            timeout_ms: input.i32()?,
            session: SessionId(input.i64()?),
            password: input.buffer()?,
            read_only: trailing_bool(input)?,
        })
    }
}

impl Encode for ConnectResponse {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.protocol_version);
        out.i32(self.timeout_ms);
        out.i64(self.session.0);
        out.buffer(self.password.as_ref());
        if let Some(read_only) = self.read_only {
            out.bool(read_only);
        }
    }
}

impl Decode for ConnectResponse {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            protocol_version: input.i32()?,
            timeout_ms: input.i32()?,
            session: SessionId(input.i64()?),
            password: input.buffer()?,
            read_only: trailing_bool(input)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_those_of_java() {
        assert_eq!(
            password(SessionId(0x100_002b_9375_0000)),
            0x419c_90d2_3a1f_76ca_8733_d211_1383_e198_u128.to_be_bytes()
        );
        assert_eq!(
            password(SessionId(0x300_002b_945c_0001)),
            0xf91c_2df7_1b62_82cc_2923_6f7d_90ff_6f2b_u128.to_be_bytes()
        );
    }
}
