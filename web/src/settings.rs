//! What a person has chosen stays in this browser: theme, motion, letters, speech. A store that is
//! missing, full or full of something else is as good as an empty one.
//!
//! index.html puts theme and motion on the root element before anything is drawn; the rest is read
//! with the second half of the code.

use crate::order::Speech;
use web_sys::Storage;

/// Where it is kept: `theme=dark motion=off letters=off speech=all`, each word of it or none.
const KEY: &str = "zabscope.settings";

/// What is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Dark, or light; else what the system prefers.
    pub dark: Option<bool>,
    /// Messages travel; else what the system prefers.
    pub motion: Option<bool>,
    /// Single letters are no orders.
    pub no_letters: bool,
    /// How much is read aloud.
    pub speech: Speech,
}

/// The words of [`Speech`].
const SPEECHES: [(Speech, &str); 3] =
    [(Speech::Off, "off"), (Speech::Milestones, "milestones"), (Speech::All, "all")];

impl Settings {
    /// Reads what is kept; words that mean nothing here are passed over.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut settings = Self::default();
        for (name, value) in text.split(' ').filter_map(|word| word.split_once('=')) {
            match (name, value) {
                ("theme", "dark" | "light") => settings.dark = Some(value == "dark"),
                ("motion", "on" | "off") => settings.motion = Some(value == "on"),
                ("letters", "off") => settings.no_letters = true,
                ("speech", _) => {
                    let found = SPEECHES.iter().find(|(_, word)| *word == value);
                    settings.speech = found.map_or(settings.speech, |(speech, _)| *speech);
                }
                _ => {}
            }
        }
        settings
    }

    /// The text that is kept.
    #[must_use]
    pub fn text(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.dark.map(|dark| if dark { "theme=dark" } else { "theme=light" }));
        words.extend(self.motion.map(|motion| if motion { "motion=on" } else { "motion=off" }));
        words.extend(self.no_letters.then_some("letters=off"));
        let speech = SPEECHES.iter().find(|(speech, _)| *speech == self.speech);
        let speech = speech.map(|(_, word)| format!("speech={word}"));
        let words = words.into_iter().map(str::to_owned).chain(speech);
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The browser's store, where there is one and it may be used.
pub(crate) fn store() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// What was kept.
#[must_use]
#[inline(never)]
pub fn load() -> Settings {
    let text = store().and_then(|store| store.get_item(KEY).ok()?);
    Settings::read(&text.unwrap_or_default())
}

/// Keeps it, where that can be.
#[inline(never)]
pub fn save(settings: Settings) {
    if let Some(store) = store() {
        // A full store keeps what it had.
        store.set_item(KEY, &settings.text()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_rubbish_does_not() {
        let all = Settings {
            dark: Some(true),
            motion: Some(false),
            no_letters: true,
            speech: Speech::All,
        };
        for settings in [all, Settings::default(), Settings { dark: Some(false), ..all }] {
            assert_eq!(Settings::read(&settings.text()), settings);
        }
        for wrong in ["", "=", "theme", "theme=", "theme=red motion=2", "\u{0}\u{fffd}= =", "{}"] {
            assert_eq!(Settings::read(wrong), Settings::default(), "{wrong}");
        }
        assert_eq!(
            Settings::read("theme=red letters=off x=y").text(),
            "letters=off speech=milestones"
        );
    }
}
