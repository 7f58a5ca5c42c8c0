//! Streams of the quorum port until they are links: an accepted one has no name until its first
//! packet says which learner it is.

use zabscope_core::base::Sid;
use zabscope_core::server::codec::{PacketReader, Side};
use zabscope_core::server::message::Packet;
use zabscope_core::wire::DecodeError;

/// A stream that was accepted.
#[derive(Debug)]
pub struct Nameless {
    reader: PacketReader,
}

impl Default for Nameless {
    fn default() -> Self {
        Self { reader: PacketReader::new(Side::Leader) }
    }
}

impl Nameless {
    /// More bytes. The learner's id and its first packet, when that is whole.
    ///
    /// # Errors
    /// If the stream does not begin with FOLLOWERINFO or OBSERVERINFO.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<(Sid, Packet)>, DecodeError> {
        self.reader.push(bytes)?;
        match self.reader.next()? {
            None => Ok(None),
            Some(packet) => match packet {
                Packet::FollowerInfo { sid, .. } | Packet::ObserverInfo { sid, .. } => {
                    Ok(Some((sid, packet)))
                }
                _ => Err(DecodeError::Malformed("a learner begins with FOLLOWERINFO")),
            },
        }
    }

    /// The reader, which may hold more packets.
    pub fn into_reader(self) -> PacketReader {
        self.reader
    }
}
