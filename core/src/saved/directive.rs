//! One directive as bytes: its kind, then its arguments.

use super::SavedError;
use super::bytes::{In, Out};
use super::settings::{put_program, take_program};
use crate::base::{NodeId, SessionId, Sid};
use crate::client::{self, CallId};
use crate::ensemble::{Actor, Call, Timer};
use crate::proto::request::Request;
use crate::recipes;
use crate::server::{self, message};
use crate::sim::{Action, Directive, Hold, Kept};
use crate::wire::{Encode, Reader};
use crate::zab;
use bytes::Bytes;

/// The timers by the number under which they are saved.
const TIMERS: [Timer; 13] = [
    Timer::Server(message::Timer::Zab(zab::Timer::Resend)),
    Timer::Server(message::Timer::Zab(zab::Timer::Settle)),
    Timer::Server(message::Timer::Zab(zab::Timer::ConnectRetry)),
    Timer::Server(message::Timer::Zab(zab::Timer::InitLimit)),
    Timer::Server(message::Timer::Zab(zab::Timer::HalfTick)),
    Timer::Server(message::Timer::Zab(zab::Timer::Tick)),
    Timer::Server(message::Timer::SessionTick),
    Timer::Client(recipes::Timer::Client(client::Timer::Connect)),
    Timer::Client(recipes::Timer::Client(client::Timer::Retry)),
    Timer::Client(recipes::Timer::Client(client::Timer::Ping)),
    Timer::Client(recipes::Timer::Client(client::Timer::Silence)),
    Timer::Client(recipes::Timer::Hold),
    Timer::Client(recipes::Timer::Rest),
];

/// Writes one directive, which is step `index`.
pub(super) fn put(
    directive: &Directive<Actor>,
    index: u64,
    out: &mut Out,
) -> Result<(), SavedError> {
    match directive {
        Directive::Act(action) => put_action(action, index, out)?,
        Directive::Hold(hold) => put_hold(20, *hold, out),
        Directive::Release(hold) => put_hold(23, *hold, out),
        Directive::Freeze(node) => put_node(26, *node, out),
        Directive::Thaw(node) => put_node(27, *node, out),
        Directive::SlowDisk(node, factor) => {
            put_node(28, *node, out);
            out.number(u64::from(*factor));
        }
        Directive::ClockRate { node, num, den } => {
            put_node(29, *node, out);
            out.number(u64::from(*num));
            out.number(u64::from(*den));
        }
        Directive::WallClock(node, ms) => {
            put_node(30, *node, out);
            out.signed(*ms);
        }
        Directive::Latency { from, to, base_us, jitter_us } => {
            put_pair(31, *from, *to, out);
            out.number(*base_us);
            out.number(*jitter_us);
        }
        // Its configuration is more than what the settings say.
        Directive::Add(..) => return Err(SavedError::Unsaved),
    }
    Ok(())
}

fn put_action(action: &Action<Actor>, index: u64, out: &mut Out) -> Result<(), SavedError> {
    match action {
        Action::Start(node) => put_node(1, *node, out),
        Action::Deliver(end) => {
            out.0.push(2);
            out.end(*end);
        }
        Action::Flush(node) => put_node(3, *node, out),
        Action::Work(node) => put_node(4, *node, out),
        Action::Fire(node, timer) => {
            put_node(5, *node, out);
            let number = TIMERS.iter().position(|other| other == timer);
            out.number(number.ok_or(SavedError::Unsaved)? as u64);
        }
        Action::Crash { node, kept: Kept::All } => put_node(6, *node, out),
        Action::Crash { node, kept: Kept::First(count) } => {
            put_node(7, *node, out);
            out.number(u64::from(*count));
        }
        Action::Break(a, b) => put_pair(8, *a, *b, out),
        Action::Reset(end) => {
            out.0.push(9);
            out.end(*end);
        }
        Action::Cut(from, to) => put_pair(10, *from, *to, out),
        Action::Heal(from, to) => put_pair(11, *from, *to, out),
        Action::Call(node, call) => put_call(*node, call, index, out),
    }
    Ok(())
}

fn put_call(node: NodeId, call: &Call, index: u64, out: &mut Out) {
    match call {
        Call::Client(client::Call::Request { id, request }) => {
            put_node(12, node, out);
            // A page names a call after its step.
            out.signed(id.0.wrapping_sub(index).cast_signed());
            out.signed(i64::from(request.op()));
            out.bytes(&request.to_bytes());
        }
        Call::Client(client::Call::Start) => put_node(13, node, out),
        Call::Client(client::Call::Close) => put_node(14, node, out),
        Call::Client(client::Call::MoveTo(sid)) => {
            put_node(15, node, out);
            out.signed(sid.0);
        }
        Call::Run(program) => {
            put_node(16, node, out);
            put_program(program, out);
        }
        Call::Server(server::Call::ExpireSession(session)) => {
            put_node(17, node, out);
            out.signed(session.0);
        }
        Call::Server(server::Call::Snapshot) => put_node(18, node, out),
    }
}

fn put_node(kind: u8, node: NodeId, out: &mut Out) {
    out.0.push(kind);
    out.node(node);
}

fn put_pair(kind: u8, from: NodeId, to: NodeId, out: &mut Out) {
    put_node(kind, from, out);
    out.node(to);
}

/// The three kinds of holds have three numbers from `kind` on.
fn put_hold(kind: u8, hold: Hold, out: &mut Out) {
    match hold {
        Hold::Item(id) => {
            out.0.push(kind);
            out.number(id);
        }
        Hold::To(end) => {
            out.0.push(kind + 1);
            out.end(end);
        }
        Hold::Between(from, to) => put_pair(kind + 2, from, to, out),
    }
}

/// Reads one directive, which is step `index`.
pub(super) fn take(index: u64, input: &mut In<'_>) -> Directive<Actor> {
    let kind = input.byte();
    match kind {
        2 => Directive::Act(Action::Deliver(input.end())),
        9 => Directive::Act(Action::Reset(input.end())),
        20..=22 => Directive::Hold(take_hold(kind - 20, input)),
        23..=25 => Directive::Release(take_hold(kind - 23, input)),
        _ => take_of_node(kind, index, input),
    }
}

/// Reads a directive whose first argument is a node.
fn take_of_node(kind: u8, index: u64, input: &mut In<'_>) -> Directive<Actor> {
    let node = input.node();
    Directive::Act(match kind {
        1 => Action::Start(node),
        3 => Action::Flush(node),
        4 => Action::Work(node),
        5 => {
            let timer = usize::try_from(input.number()).ok().and_then(|n| TIMERS.get(n));
            if timer.is_none() {
                input.fail(SavedError::Value("timer"));
            }
            Action::Fire(node, *timer.unwrap_or(&TIMERS[0]))
        }
        6 => Action::Crash { node, kept: Kept::All },
        7 => Action::Crash { node, kept: Kept::First(input.u32()) },
        8 => Action::Break(node, input.node()),
        10 => Action::Cut(node, input.node()),
        11 => Action::Heal(node, input.node()),
        12..=18 => Action::Call(node, take_call(kind, index, input)),
        26 => return Directive::Freeze(node),
        27 => return Directive::Thaw(node),
        28 => return Directive::SlowDisk(node, input.u32()),
        29 => return Directive::ClockRate { node, num: input.u32(), den: input.u32() },
        30 => return Directive::WallClock(node, input.signed()),
        31 => {
            let (to, base_us, jitter_us) = (input.node(), input.number(), input.number());
            return Directive::Latency { from: node, to, base_us, jitter_us };
        }
        _ => {
            input.fail(SavedError::Value("kind of act"));
            Action::Start(node)
        }
    })
}

fn take_call(kind: u8, index: u64, input: &mut In<'_>) -> Call {
    Call::Client(match kind {
        12 => {
            let id = CallId(index.wrapping_add(input.signed().cast_unsigned()));
            let op = i32::try_from(input.signed()).unwrap_or(0);
            let mut fields = Reader::new(Bytes::copy_from_slice(input.bytes()));
            let request = Request::decode(op, &mut fields).ok();
            if request.is_none() || fields.remaining() > 0 {
                input.fail(SavedError::Value("request"));
            }
            client::Call::Request { id, request: request.unwrap_or(Request::Ping) }
        }
        13 => client::Call::Start,
        14 => client::Call::Close,
        15 => client::Call::MoveTo(Sid(input.signed())),
        16 => return Call::Run(take_program(input)),
        17 => return Call::Server(server::Call::ExpireSession(SessionId(input.signed()))),
        _ => return Call::Server(server::Call::Snapshot),
    })
}

fn take_hold(kind: u8, input: &mut In<'_>) -> Hold {
    match kind {
        0 => Hold::Item(input.number()),
        1 => Hold::To(input.end()),
        _ => Hold::Between(input.node(), input.node()),
    }
}
