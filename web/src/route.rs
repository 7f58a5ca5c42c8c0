//! Which page: the fragment of the address says it, so that links and the browser's own back and
//! forward work.

use crate::share::FRAGMENT;

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// The first screen, `#/`.
    #[default]
    First,
    /// A guided run at one of its steps, `#/run/NAME/STEP`; steps count from 1.
    Guided {
        /// Name of the run.
        run: String,
        /// Its step.
        step: u16,
    },
    /// Everything can be done, `#/play`.
    Play,
    /// Servers of one's own, `#/cluster`.
    Cluster,
    /// What is real here and what is simplified, `#/real`.
    Real,
    /// The keys, `#/keys`.
    Keys,
    /// A run that somebody shared, `#r=…`.
    Shared,
    /// No page has this fragment.
    Unknown(String),
}

impl Route {
    /// The page of a fragment. An empty one is the first screen.
    #[must_use]
    pub fn of(fragment: &str) -> Self {
        if fragment.starts_with(FRAGMENT) {
            return Self::Shared;
        }
        let path = fragment.strip_prefix('#').unwrap_or(fragment);
        let mut parts = path.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        let second = parts.next();
        let third = parts.next();
        match (first, second, third, parts.next()) {
            ("", None, None, None) => Self::First,
            ("run", Some(run), step, None) if is_name(run) => match step.unwrap_or("1").parse() {
                Ok(step) if step > 0 => Self::Guided { run: run.to_owned(), step },
                _ => Self::Unknown(path.to_owned()),
            },
            ("play", None, None, None) => Self::Play,
            ("cluster", None, None, None) => Self::Cluster,
            ("real", None, None, None) => Self::Real,
            ("keys", None, None, None) => Self::Keys,
            _ => Self::Unknown(path.to_owned()),
        }
    }

    /// The fragment of a page.
    #[must_use]
    pub fn fragment(&self) -> String {
        match self {
            Self::First => "#/".to_owned(),
            Self::Guided { run, step } => format!("#/run/{run}/{step}"),
            Self::Play => "#/play".to_owned(),
            Self::Cluster => "#/cluster".to_owned(),
            Self::Real => "#/real".to_owned(),
            Self::Keys => "#/keys".to_owned(),
            Self::Shared => FRAGMENT.to_owned(),
            Self::Unknown(path) => format!("#{path}"),
        }
    }

    /// The mode of the page, for its style rules.
    #[must_use]
    pub const fn mode(&self) -> &'static str {
        match self {
            Self::First | Self::Unknown(_) => "first",
            Self::Guided { .. } => "guided",
            Self::Play | Self::Shared => "play",
            Self::Cluster | Self::Real | Self::Keys => "text",
        }
    }

    /// The name in the browser's title and history.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::First | Self::Unknown(_) => "Zabscope",
            Self::Guided { .. } => "Guided run – Zabscope",
            Self::Play => "Playground – Zabscope",
            Self::Shared => "A shared run – Zabscope",
            Self::Cluster => "A real cluster – Zabscope",
            Self::Real => "What is real here – Zabscope",
            Self::Keys => "Keys – Zabscope",
        }
    }

    /// True if the stage is seen, so that time may pass.
    #[must_use]
    pub const fn has_stage(&self) -> bool {
        !matches!(self, Self::Cluster | Self::Real | Self::Keys)
    }

    /// The page of the browser's address.
    #[must_use]
    pub fn here() -> Self {
        let hash = web_sys::window().and_then(|window| window.location().hash().ok());
        Self::of(&hash.unwrap_or_default())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
