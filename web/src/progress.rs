//! How far a learner has come in each guided run. It stays in this browser and nowhere else.

use crate::settings::store;
use zabscope_core::guide::RUNS;

/// Where it is kept: `leader-dies=3 one-write=1`, the number of the step from 0.
const KEY: &str = "zabscope.lessons";

/// All runs with the step that was seen last; what means nothing here is passed over.
fn read(text: &str) -> Vec<(&'static str, usize)> {
    let known = |name: &str| RUNS.iter().find(|(known, _)| *known == name).map(|(name, _)| *name);
    let pairs = text.split(' ').filter_map(|word| word.split_once('='));
    pairs.filter_map(|(name, step)| Some((known(name)?, step.parse().ok()?))).collect()
}

fn load() -> Vec<(&'static str, usize)> {
    let text = store().and_then(|store| store.get_item(KEY).ok()?);
    read(&text.unwrap_or_default())
}

/// The step of a run that was seen last; 0 if none was.
#[must_use]
#[inline(never)]
pub fn of(run: usize) -> usize {
    let name = RUNS.get(run).map_or("", |(name, _)| *name);
    load().iter().find(|(known, _)| *known == name).map_or(0, |(_, step)| *step)
}

/// Notes the step at which a learner is.
#[inline(never)]
pub fn note(run: usize, step: usize) {
    let (Some((name, _)), Some(store)) = (RUNS.get(run), store()) else { return };
    let mut all = load();
    all.retain(|(known, _)| known != name);
    if step > 0 {
        all.push((name, step));
    }
    let words: Vec<String> = all.iter().map(|(name, step)| format!("{name}={step}")).collect();
    // A full store keeps what it had.
    store.set_item(KEY, &words.join(" ")).ok();
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn known_runs_are_read_and_nothing_else() {
        assert_eq!(read("leader-dies=3 lock=1"), [("leader-dies", 3), ("lock", 1)]);
        for wrong in ["", "=", "lock", "lock=", "lock=-1", "lock=x", "nothing=2", "\u{0}=\u{fffd}"]
        {
            assert!(read(wrong).is_empty(), "{wrong}");
        }
    }
}
