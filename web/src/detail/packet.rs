//! A message: its bytes as its link carries them, taken apart by the codec of the real server.

use crate::lab::Lab;
use crate::message::node_name;
use crate::view::time_text;
use zabscope_core::base::NodeId;
use zabscope_core::ensemble::Actor;
use zabscope_core::proto::client::ToClient;
use zabscope_core::server::message::Msg;
use zabscope_core::sim::{Wire, World};
use zabscope_core::tell::fields;

/// Bytes of one field that are shown; of more, the first.
pub const BYTES_MAX: usize = 32;
/// Fields that are shown; of more, the first.
pub const FIELDS_MAX: usize = 120;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketView {
    /// Its name and content.
    pub title: String,
    /// From whom to whom.
    pub way: String,
    /// When it was sent, and when it arrives if nothing stops it.
    pub times: String,
    /// Length in bytes.
    pub length: usize,
    /// Its fields, which cover all of its bytes.
    pub fields: Vec<FieldView>,
    /// Fields that are not shown.
    pub more_fields: usize,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldView {
    /// Its name in the protocol.
    pub name: &'static str,
    /// What it says.
    pub value: String,
    /// How many records it stands in.
    pub depth: u8,
    /// Place of its first byte.
    pub start: usize,
    /// Its bytes in hexadecimal, in groups of four.
    pub hex: String,
    /// Bytes that are not shown.
    pub more: usize,
}

/// The message of a number; `None` if this branch has sent none, or it has no bytes: streams that
/// open and close.
#[must_use]
pub fn of(lab: &Lab, id: u64) -> Option<PacketView> {
    let flight = lab.flight(id)?;
    let mut sim = lab.sim().clone();
    sim.seek(flight.step);
    let before = sim.clone();
    let record = sim.step()?;
    let item = record.sent.iter().find(|item| item.id == id)?;
    let Wire::Data(msg) = &item.wire else { return None };
    let asked = asked(before.world(), item.to.node, msg);
    let (bytes, fields) = fields::of(msg, asked);
    let more_fields = fields.len().saturating_sub(FIELDS_MAX);
    let fields = fields.into_iter().take(FIELDS_MAX).map(|field| {
        let end = field.end.min(bytes.len());
        let own = bytes.get(field.start..end).unwrap_or_default();
        let shown = own.get(..BYTES_MAX).unwrap_or(own);
        FieldView {
            name: field.name,
            value: field.value,
            depth: field.depth,
            start: field.start,
            hex: hex(shown),
            more: own.len() - shown.len(),
        }
    });
    Some(PacketView {
        title: flight.look.title(),
        way: format!("{} to {}", node_name(item.from.node), node_name(item.to.node)),
        times: format!("sent {}, due {}", time_text(flight.sent_at), time_text(flight.due_at)),
        length: bytes.len(),
        fields: fields.collect(),
        more_fields,
    })
}

/// What a reply answers: nothing in its bytes says it, only the client knows.
fn asked(world: &World<Actor>, client: NodeId, msg: &Msg) -> Option<i32> {
    let Msg::ToClient(ToClient::Reply { header, .. }) = msg else { return None };
    world.process(client).and_then(Actor::client)?.asked(header.xid)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 9 / 4);
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use zabscope_core::base::ClientId;

    /// All messages of a run with a write.
    fn packets() -> (Lab, Vec<(u64, PacketView)>) {
        let mut lab = Lab::elected(3, 1);
        lab.ask(ClientId(1), crate::lab::create("/a", "data", 0));
        for _ in 0..200 {
            lab.step();
        }
        let ids: Vec<u64> = (0..5_000).filter(|id| lab.flight(*id).is_some()).collect();
        let packets = ids.iter().filter_map(|id| Some((*id, of(&lab, *id)?))).collect();
        (lab, packets)
    }

    #[test]
    fn fields_cover_every_message() {
        let (_, packets) = packets();
        assert!(packets.len() > 100, "{}", packets.len());
        for (id, packet) in packets {
            let mut at = 0;
            for field in &packet.fields {
                assert_eq!(field.start, at, "{id} {packet:?}");
                at += field.hex.split(' ').map(str::len).sum::<usize>() / 2 + field.more;
            }
            assert!(at == packet.length || packet.more_fields > 0, "{id} {packet:?}");
        }
    }

    #[test]
    fn a_reply_is_read_by_what_it_answers() {
        let (_, packets) = packets();
        let is_create = |(_, packet): &&(u64, PacketView)| {
            packet.title.starts_with("REPLY e")
                && packet.fields.iter().any(|field| field.name == "path" && field.value == "/a")
        };
        assert_eq!(packets.iter().filter(is_create).count(), 1);
    }

    #[test]
    fn hexadecimal_comes_in_groups() {
        assert_eq!(hex(&[0, 1, 0xfe, 0xff, 16]), "0001feff 10");
        assert_eq!(hex(&[]), "");
    }
}
