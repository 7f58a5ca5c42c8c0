//! Messages of the election port (Java: `QuorumCnxManager.InitialMessage`,
//! `FastLeaderElection.Notification`).
//!
//! The connecting server sends one [`InitialMessage`] without a frame; everything behind it, in
//! both directions, is a [`Notification`] in a frame ([`super::frame`]).

use crate::base::limits::ELECTION_ADDRESS_BYTES_MAX;
use crate::base::{Epoch, Round, Sid, Zxid};
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Text, Writer};
use alloc::vec::Vec;
use bytes::Bytes;

/// The version of notifications since 3.5, with the configuration in them.
pub const NOTIFICATION_VERSION: i32 = 2;

/// What a server does, as it tells others (Java: `QuorumPeer.ServerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum PeerState {
    /// Looks for a leader.
    Looking = 0,
    /// Follows one.
    Following = 1,
    /// Leads.
    Leading = 2,
    /// Follows without a vote.
    Observing = 3,
}

/// A server's vote and state. Who sent it is known from the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// State of the sender.
    pub state: PeerState,
    /// The server that it votes for, or follows.
    pub leader: Sid,
    /// That server's last zxid when the vote was made.
    pub zxid: Zxid,
    /// The sender's round (`electionEpoch`).
    pub round: Round,
    /// That server's current epoch; after the election, the established one.
    pub peer_epoch: Epoch,
    /// [`NOTIFICATION_VERSION`]; 0 in the short forms of old servers.
    pub version: i32,
    /// The sender's configuration as text; null in the short forms.
    pub config: Buffer,
}

/// Which form the addresses of an initial message have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialVersion {
    /// -65536: one address.
    V1,
    /// -65535: addresses divided by `|` (`multiAddress.enabled`).
    V2,
}

/// The first message of the server that opens a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialMessage {
    /// The form.
    pub version: InitialVersion,
    /// Who connects; the largest long is an observer without an id.
    pub sid: Sid,
    /// `host:port` of its election port, one or (V2) more.
    pub addresses: Vec<Text>,
}

impl PeerState {
    /// The state with this number; messages with any other one are ignored.
    #[must_use]
    pub fn from_wire(value: i32) -> Option<Self> {
        [Self::Looking, Self::Following, Self::Leading, Self::Observing]
            .into_iter()
            .find(|state| *state as i32 == value)
    }
}

impl Encode for Notification {
    /// Version 0 and 1 are written in the form of 40 bytes, without the configuration.
    fn encode(&self, out: &mut Writer) {
        out.i32(self.state as i32);
        out.i64(self.leader.0);
        self.zxid.encode(out);
        out.i64(self.round.0);
        out.i64(self.peer_epoch.0);
        out.i32(self.version);
        if self.version >= NOTIFICATION_VERSION {
            out.bytes(self.config.as_deref().unwrap_or_default());
        }
    }
}

impl Decode for Notification {
    /// Reads a whole frame: its length tells the forms of old servers apart.
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        const WITHOUT_PEER_EPOCH: usize = 28;
        const WITHOUT_CONFIG: usize = 40;
        let len = input.remaining();
        let state = input.i32()?;
        let leader = Sid(input.i64()?);
        let zxid = Zxid::decode(input)?;
        let round = Round(input.i64()?);
        let peer_epoch = if len == WITHOUT_PEER_EPOCH { zxid.epoch() } else { Epoch(input.i64()?) };
        let version = match len {
            WITHOUT_PEER_EPOCH => 0,
            // Java does not look at the number that stands here.
            WITHOUT_CONFIG => input.i32().map(|_| 0)?,
            _ => input.i32()?,
        };
        let config = if version >= NOTIFICATION_VERSION {
            Some(input.buffer()?.ok_or(DecodeError::Null)?)
        } else {
            None
        };
        let state = PeerState::from_wire(state)
            .ok_or(DecodeError::Unknown { what: "server state", value: i64::from(state) })?;
        Ok(Self { state, leader, zxid, round, peer_epoch, version, config })
    }
}

impl InitialVersion {
    const fn to_wire(self) -> i64 {
        match self {
            Self::V1 => -65536,
            Self::V2 => -65535,
        }
    }
}

impl InitialMessage {
    /// The message at the start of `stream`, and how many bytes it takes.
    /// [`DecodeError::Short`]: wait for more bytes; any other error is final.
    pub fn decode_from(stream: &[u8]) -> Result<(Self, usize), DecodeError> {
        const FIXED: usize = 20;
        let mut input = Reader::new(Bytes::copy_from_slice(&stream[..stream.len().min(FIXED)]));
        let version = match input.i64()? {
            -65536 => InitialVersion::V1,
            -65535 => InitialVersion::V2,
            value => return Err(DecodeError::Unknown { what: "election protocol", value }),
        };
        let sid = Sid(input.i64()?);
        let len = input.i32()?;
        let size = usize::try_from(len).map_err(|_| DecodeError::Length(len))?;
        if size == 0 || size > ELECTION_ADDRESS_BYTES_MAX {
            return Err(DecodeError::Length(len));
        }
        let text = stream.get(FIXED..FIXED + size).ok_or(DecodeError::Short)?;
        let addresses = match version {
            InitialVersion::V1 => Vec::from([Text::from(Bytes::copy_from_slice(text))]),
            InitialVersion::V2 => text
                .split(|byte| *byte == b'|')
                .map(|address| Text::from(Bytes::copy_from_slice(address)))
                .collect(),
        };
        Ok((Self { version, sid, addresses }, FIXED + size))
    }
}

impl Encode for InitialMessage {
    fn encode(&self, out: &mut Writer) {
        let mut text = Vec::new();
        for (index, address) in self.addresses.iter().enumerate() {
            if index > 0 {
                text.push(b'|');
            }
            text.extend_from_slice(address.as_bytes());
        }
        out.i64(self.version.to_wire());
        out.i64(self.sid.0);
        out.bytes(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn vote(version: i32, config: Buffer) -> Notification {
        Notification {
            state: PeerState::Leading,
            leader: Sid(3),
            zxid: Zxid::new(Epoch(7), 9),
            round: Round(2),
            peer_epoch: Epoch(8),
            version,
            config,
        }
    }

    #[test]
    fn forms_of_old_servers_are_read_by_their_length() {
        let bytes = vote(2, Some(Bytes::from_static(b"version=0"))).to_bytes();
        assert_eq!(bytes.len(), 44 + 9);
        assert_eq!(
            Notification::from_bytes(bytes.slice(..40)),
            Ok(vote(0, None)),
            "40 bytes: the version is not looked at"
        );
        let oldest = Notification { peer_epoch: Epoch(7), ..vote(0, None) };
        assert_eq!(Notification::from_bytes(bytes.slice(..28)), Ok(oldest));
        for len in (0..28).chain(29..40).chain(41..53) {
            assert_eq!(
                Notification::from_bytes(bytes.slice(..len)),
                Err(DecodeError::Short),
                "{len}"
            );
        }
    }

    #[test]
    fn version_0_is_written_in_40_bytes() {
        let bytes = vote(0, None).to_bytes();
        assert_eq!(bytes.len(), 40);
        assert_eq!(Notification::from_bytes(bytes), Ok(vote(0, None)));
    }

    #[test]
    fn configuration_lengths_are_checked() {
        let mut bytes = vote(2, Some(Bytes::new())).to_bytes().to_vec();
        for (len, error) in [
            (-1, DecodeError::Null),
            (-2, DecodeError::Length(-2)),
            (1, DecodeError::Short),
            (i32::MAX, DecodeError::Length(i32::MAX)),
        ] {
            bytes[40..44].copy_from_slice(&i32::to_be_bytes(len));
            assert_eq!(Notification::from_bytes(bytes.clone().into()), Err(error));
        }
    }

    #[test]
    fn unknown_state_is_an_error() {
        let mut bytes = vote(2, Some(Bytes::new())).to_bytes().to_vec();
        bytes[3] = 4;
        let error = DecodeError::Unknown { what: "server state", value: 4 };
        assert_eq!(Notification::from_bytes(bytes.into()), Err(error));
    }

    #[test]
    fn initial_message_comes_in_pieces_and_within_bounds() {
        let message = InitialMessage {
            version: InitialVersion::V2,
            sid: Sid(2),
            addresses: vec!["127.0.0.1:3888".into(), "[::1]:3888".into()],
        };
        let mut stream = message.to_bytes().to_vec();
        let len = stream.len();
        for end in 0..len {
            let part = InitialMessage::decode_from(&stream[..end]);
            assert_eq!(part, Err(DecodeError::Short), "{end}");
        }
        stream.extend_from_slice(b"frames");
        assert_eq!(InitialMessage::decode_from(&stream), Ok((message, len)));
        for bad in [0, -1, 2049] {
            stream[16..20].copy_from_slice(&i32::to_be_bytes(bad));
            assert_eq!(InitialMessage::decode_from(&stream), Err(DecodeError::Length(bad)));
        }
        stream[7] = 2;
        assert!(matches!(InitialMessage::decode_from(&stream), Err(DecodeError::Unknown { .. })));
    }
}
