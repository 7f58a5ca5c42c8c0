//! Which page: the fragment of the address says it, so that links and the browser's own back and
//! forward work.

use crate::share::FRAGMENT;
use zabscope_core::guide::OFFERS;

/// One page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// What this is, and the ways in: `#/`.
    #[default]
    First,
    /// Without a script: `#/play`.
    Play,
    /// A real cluster: `#/cluster`.
    Cluster,
    /// What is simplified: `#/real`.
    Real,
    /// The keys: `#/keys`.
    Keys,
    /// The words of the guided runs.
    Words,
    /// A step of a guided run, from 0: `#/run/NAME/STEP`, there from 1.
    Lesson(usize, usize),
    /// A run that somebody shared: `#r=…`.
    Shared,
    /// No page has this fragment: the first screen, with a word about it.
    Unknown,
}

/// The pages without a number, with their fragments.
const FIXED: [(Route, &str); 6] = [
    (Route::First, "#/"),
    (Route::Play, "#/play"),
    (Route::Cluster, "#/cluster"),
    (Route::Real, "#/real"),
    (Route::Keys, "#/keys"),
    (Route::Words, "#/words"),
];

impl Route {
    /// The page of a fragment with its `#`.
    #[must_use]
    pub fn read(fragment: &str) -> Self {
        if fragment.is_empty() || fragment == "#" {
            return Self::First;
        }
        if fragment.starts_with(FRAGMENT) {
            return Self::Shared;
        }
        if let Some((route, _)) = FIXED.iter().find(|(_, known)| *known == fragment) {
            return *route;
        }
        Self::lesson(fragment).unwrap_or(Self::Unknown)
    }

    fn lesson(fragment: &str) -> Option<Self> {
        let mut parts = fragment.strip_prefix("#/run/")?.split('/');
        let name = parts.next()?;
        let run = OFFERS.iter().position(|offer| offer.name == name)?;
        let step = match parts.next() {
            None => 0,
            Some(step) => step.parse::<usize>().ok()?.checked_sub(1)?,
        };
        parts.next().is_none().then_some(Self::Lesson(run, step))
    }

    /// The fragment. Nowhere leads to the first screen.
    #[must_use]
    pub fn fragment(self) -> String {
        if let Self::Lesson(run, step) = self {
            let name = OFFERS.get(run).map_or("", |offer| offer.name);
            return format!("#/run/{name}/{}", step + 1);
        }
        let fixed = FIXED.iter().find(|(route, _)| *route == self);
        fixed.map_or("#/", |(_, fragment)| *fragment).to_owned()
    }

    /// The mode of the page, for its style rules.
    #[must_use]
    pub const fn mode(self) -> &'static str {
        match self {
            Self::First | Self::Unknown => "first",
            Self::Lesson(..) => "guided",
            Self::Play | Self::Shared => "play",
            Self::Cluster | Self::Real | Self::Keys | Self::Words => "text",
        }
    }

    /// The name in the browser's title and history.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::First | Self::Unknown => "Zabscope",
            Self::Lesson(..) => "Guided run – Zabscope",
            Self::Play => "Playground – Zabscope",
            Self::Shared => "A shared run – Zabscope",
            Self::Cluster => "A real cluster – Zabscope",
            Self::Real => "What is real here – Zabscope",
            Self::Keys => "Keys – Zabscope",
            Self::Words => "Words – Zabscope",
        }
    }

    /// True if the stage is seen, so that time may pass.
    #[must_use]
    pub const fn has_stage(self) -> bool {
        !matches!(self, Self::Cluster | Self::Real | Self::Keys | Self::Words)
    }

    /// True if panels stand around the stage.
    #[must_use]
    pub const fn has_panels(self) -> bool {
        matches!(self, Self::Play | Self::Shared | Self::Lesson(..))
    }

    /// The page of the browser's address.
    #[must_use]
    pub fn here() -> Self {
        let hash = web_sys::window().and_then(|window| window.location().hash().ok());
        Self::read(&hash.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_fragment() {
        let fixed = FIXED.iter().map(|(route, _)| *route);
        for route in fixed.chain([Route::Lesson(1, 2)]) {
            assert_eq!(Route::read(&route.fragment()), route);
        }
        assert_eq!(Route::read(""), Route::First);
        assert_eq!(Route::read("#/run/lock"), Route::Lesson(3, 0));
        assert_eq!(Route::read("#r=1.abc"), Route::Shared);
    }

    #[test]
    fn another_fragment_leads_nowhere_and_has_a_page() {
        for wrong in [
            "#/nowhere",
            "#/Play",
            "#/play/1",
            "#x",
            "#/run",
            "#/run/nothing",
            "#/run/lock/0",
            "#/run/lock/1/2",
            "#/run/lock/x",
        ] {
            let route = Route::read(wrong);
            assert_eq!(route, Route::Unknown, "{wrong}");
            assert!(route.has_stage());
            assert_eq!(route.fragment(), "#/");
        }
    }
}
