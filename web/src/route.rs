//! Which part of the page the address names.

use zabscope_core::guide::RUNS;

/// A place of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// What this is, and the ways in: `#/`.
    First,
    /// Without a script: `#/play`.
    Play,
    /// A real cluster: `#/cluster`.
    Cluster,
    /// What is simplified: `#/real`.
    Real,
    /// A step of a guided run, from 0: `#/run/NAME/STEP`, there from 1.
    Lesson(usize, usize),
}

impl Route {
    /// Reads a fragment with its `#`. An unknown one is none.
    #[must_use]
    pub fn read(fragment: &str) -> Option<Self> {
        let path = fragment.strip_prefix('#').unwrap_or(fragment);
        match path {
            "" | "/" => return Some(Self::First),
            "/play" => return Some(Self::Play),
            "/cluster" => return Some(Self::Cluster),
            "/real" => return Some(Self::Real),
            _ => {}
        }
        let mut parts = path.strip_prefix("/run/")?.split('/');
        let name = parts.next()?;
        let run = RUNS.iter().position(|(known, _)| *known == name)?;
        let step = match parts.next() {
            None => 0,
            Some(step) => step.parse::<usize>().ok()?.checked_sub(1)?,
        };
        parts.next().is_none().then_some(Self::Lesson(run, step))
    }

    /// The fragment.
    #[must_use]
    pub fn fragment(self) -> String {
        match self {
            Self::First => "#/".to_owned(),
            Self::Play => "#/play".to_owned(),
            Self::Cluster => "#/cluster".to_owned(),
            Self::Real => "#/real".to_owned(),
            Self::Lesson(run, step) => {
                let name = RUNS.get(run).map_or("", |(name, _)| *name);
                format!("#/run/{name}/{}", step + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_fragment() {
        for route in [Route::First, Route::Play, Route::Cluster, Route::Real, Route::Lesson(1, 2)] {
            assert_eq!(Route::read(&route.fragment()), Some(route));
        }
        assert_eq!(Route::read(""), Some(Route::First));
        assert_eq!(Route::read("#/run/lock"), Some(Route::Lesson(3, 0)));
        for wrong in
            ["#/nowhere", "#/run/nothing", "#/run/lock/0", "#/run/lock/1/2", "#/run/lock/x"]
        {
            assert_eq!(Route::read(wrong), None, "{wrong}");
        }
    }
}
