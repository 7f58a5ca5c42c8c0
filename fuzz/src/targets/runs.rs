//! Runs that somebody shares: in a link, in a file, as a tape.

use zabscope_core::check::CheckTape;
use zabscope_core::saved::SavedRun;
use zabscope_core::sim::Sim;
use zabscope_core::wire::crc32;

/// Steps of a run that are made.
const STEPS: u64 = 60;

/// The text behind `#r=`. The first byte says whether the rest is the text, or the content of a
/// run that gets its checksum and is packed.
pub(super) fn link(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let run = if first & 1 == 0 {
        SavedRun::from_text(&String::from_utf8_lossy(rest))
    } else if first & 2 == 0 {
        SavedRun::decode(rest)
    } else {
        SavedRun::decode(&packed(rest))
    };
    let Ok(run) = run else { return };
    judge(&run);
}

fn judge(run: &SavedRun) {
    let bytes = run.encode().expect("a run that was read can be saved");
    let again = SavedRun::decode(&bytes).expect("a run that was saved can be read");
    assert_eq!(again.encode().as_ref(), Ok(&bytes), "a run that was read again");
    let Ok(tape) = run.tape() else { return };
    let mut sim = Sim::replay(tape);
    for _ in 0..STEPS {
        if sim.step().is_none() {
            return;
        }
    }
}

/// All bytes as literals, with the checksum at their end.
fn packed(body: &[u8]) -> Vec<u8> {
    let mut all = body.to_vec();
    all.extend_from_slice(&crc32(&[body]).to_be_bytes());
    let mut out = Vec::new();
    for part in all.chunks(128) {
        out.push(u8::try_from(part.len() - 1).expect("at most 128 in a part"));
        out.extend_from_slice(part);
    }
    out
}

/// A tape of `zabscope check`.
pub(super) fn tape(data: &[u8]) {
    let Ok(tape) = CheckTape::from_text(&String::from_utf8_lossy(data)) else { return };
    let text = tape.to_text().expect("a tape that was read can be written");
    let again = CheckTape::from_text(&text).expect("a tape that was written can be read");
    assert_eq!(again.to_text().ok(), Some(text), "a tape that was read again");
    let _ = tape.plan();
    judge(&tape.run);
}
