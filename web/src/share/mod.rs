//! A run leaves the page as a link or as a file, and comes back. The tab keeps it too.
//!
//! Both carry the text of a [`SavedRun`]. A link has it behind `#r=`, where no server sees it. A
//! file is JSON Lines: the first line carries the run, which is all that is needed; the others
//! tell what happened, one event a line, for people and for tools. They are not read again: the
//! engine makes the same events of the run, and the hash of the trace proves it.

pub mod browser;
pub mod tab;

use crate::lab::{Lab, STEPS_MAX};
use crate::order::Selection;
use zabscope_core::saved::{ENGINE, FORMAT, SavedError, SavedRun};

/// Longest link, in characters: longer ones are cut by mail programs and chats.
pub const LINK_MAX: usize = 2_000;
/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: f64 = 256.0 * 1024.0 * 1024.0;
/// Before the run in the fragment of a link.
pub const FRAGMENT: &str = "#r=";
/// Steps that are replayed before a link is shown, to see that it leads to the same place.
const CHECK_STEPS_MAX: u64 = 20_000;

/// What a person wants of links and files.
#[derive(Clone, Debug, PartialEq)]
pub enum Sharing {
    /// Make the link of this moment.
    Make,
    /// Put it into the clipboard.
    Copy,
    /// It is there, or could not be put there.
    Copied(bool),
    /// Save the run as a file.
    Save,
    /// Open this text of a link or file; the name says what it was.
    Open(String, String),
    /// Nothing could be read.
    Unread(String),
    /// The message was read.
    Dismiss,
}

/// What the page shows about sharing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// The link of a moment, and that moment: branch and step.
    pub link: Option<(u32, u64, String)>,
    /// Something to tell.
    pub message: String,
    /// True if it is about something that went wrong.
    pub alarm: bool,
}

/// What belongs to the page and not to the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Place of the speed.
    pub speed: u8,
    /// What is chosen.
    pub selection: Option<Selection>,
}

/// The page's bytes of a saved run: speed, chosen server or 0, opening, then the name of what is
/// chosen if that is something else.
fn saved(lab: &Lab, seen: &Seen) -> SavedRun {
    let server = match seen.selection {
        Some(Selection::Server(sid)) => u8::try_from(sid).unwrap_or(0),
        _ => 0,
    };
    let mut view = vec![seen.speed, server];
    view.extend_from_slice(&u32::try_from(lab.opening()).unwrap_or(0).to_be_bytes());
    if let Some(other) = seen.selection.as_ref().filter(|_| server == 0) {
        view.extend_from_slice(other.name().as_bytes());
    }
    SavedRun { view, ..SavedRun::of(lab.settings(), lab.sim()) }
}

/// The text of the run, after a look whether it leads back to the same place.
///
/// # Errors
/// In words.
pub fn text_of(lab: &Lab, seen: &Seen) -> Result<String, String> {
    let run = saved(lab, seen);
    let text = run.to_text().map_err(|error| error.to_string())?;
    let again = SavedRun::from_text(&text).map_err(|error| error.to_string())?;
    let same = again.to_text().is_ok_and(|again| again == text)
        && (run.index > CHECK_STEPS_MAX
            || again.replay().is_ok_and(|sim| (sim.hash(), sim.now()) == (run.hash, run.at)));
    if same { Ok(text) } else { Err("the run does not survive being saved: a bug".to_owned()) }
}

/// The run as a file.
///
/// # Errors
/// In words.
pub fn file_of(lab: &Lab, seen: &Seen) -> Result<String, String> {
    let run = text_of(lab, seen)?;
    let mut file = format!(
        "{{\"zabscope\":{FORMAT},\"engine\":\"{ENGINE}\",\"hash\":\"{:016x}\",\"steps\":{},\"run\":\"{run}\"}}\n",
        lab.sim().hash(),
        lab.index()
    );
    for (step, happening) in lab.record().happenings.iter().enumerate() {
        file.push_str(&format!("{{\"step\":{step},\"at_us\":{},\"text\":\"", happening.at.0));
        for letter in happening.text.chars() {
            match letter {
                '"' | '\\' => file.extend(['\\', letter]),
                // The others below space do not come up in sentences.
                _ if letter < ' ' => file.push(' '),
                _ => file.push(letter),
            }
        }
        file.push_str("\"}\n");
    }
    Ok(file)
}

/// The text of the run in a link, in a fragment, or in a file.
#[must_use]
pub fn find_text(content: &str) -> Option<&str> {
    let content = content.trim_start_matches('\u{feff}').trim();
    if let Some((_, text)) = content.split_once(FRAGMENT) {
        return Some(text.trim());
    }
    let line = content.lines().next()?;
    if line.starts_with('{') {
        let (_, rest) = line.split_once("\"run\":\"")?;
        return Some(rest.split_once('"')?.0);
    }
    (line.split_once('.').is_some_and(|(version, _)| version.parse::<u8>().is_ok())).then_some(line)
}

/// Opens what somebody shared. With it a message, if something about it is strange.
///
/// # Errors
/// In words, for the person who opened it.
pub fn open(content: &str) -> Result<(Lab, Seen, Option<String>), String> {
    let text = find_text(content).ok_or_else(|| SavedError::Alien.to_string())?;
    let run = SavedRun::from_text(text).map_err(|error| error.to_string())?;
    if run.index > STEPS_MAX {
        return Err(format!("the run has {} steps, this page plays {STEPS_MAX}", run.index));
    }
    let mut seen = Seen::default();
    let mut opening = 0;
    if let [speed, server, a, b, c, d, ref name @ ..] = run.view[..] {
        let other = core::str::from_utf8(name).ok().and_then(Selection::named);
        let server = (server > 0).then(|| Selection::Server(server.into()));
        seen = Seen { speed, selection: server.or(other) };
        opening = u64::from(u32::from_be_bytes([a, b, c, d]));
    }
    let lab = Lab::replayed(&run, opening).map_err(|error| error.to_string())?;
    let strange = (lab.sim().hash() != run.hash).then(|| {
        format!(
            "This run was made by engine {} and goes another way in engine {ENGINE}: you see what \
             this engine makes of it.",
            run.engine
        )
    });
    Ok((lab, seen, strange))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::StopAt;
    use zabscope_core::base::{ClientId, NodeId, Sid};

    fn lived() -> Lab {
        let mut lab = Lab::elected(3, 7);
        lab.kill(NodeId::Server(Sid(3)), true);
        lab.advance(lab.now().plus(1_234_567), StopAt::Never);
        lab.seek(lab.index() - 20);
        lab
    }

    #[test]
    fn a_link_and_a_file_lead_back_to_the_moment() {
        let lab = lived();
        let seen = Seen { speed: 3, selection: Some(Selection::Server(2)) };
        let text = text_of(&lab, &seen).unwrap();
        let file = file_of(&lab, &seen).unwrap();
        assert!(text.len() < 200, "{}", text.len());
        assert_eq!(file.lines().count() as u64, lab.end() + 1);
        for content in
            [text.clone(), format!("https://host/page#r={text}"), format!("#r={text}"), file]
        {
            let (again, seen_again, strange) = open(&content).unwrap();
            assert_eq!((seen_again, strange), (seen.clone(), None));
            assert_eq!((again.index(), again.now()), (lab.index(), lab.now()));
            assert_eq!(again.sim().hash(), lab.sim().hash());
            assert_eq!(again.opening(), lab.opening());
            assert!(again.can_undo());
            assert_eq!(text_of(&again, &seen).unwrap(), text);
        }
    }

    #[test]
    fn whatever_is_chosen_travels_with_a_link() {
        let lab = lived();
        let (s, c) = (NodeId::Server(Sid(3)), NodeId::Client(ClientId(1)));
        for one in [
            None,
            Some(Selection::Server(1)),
            Some(Selection::Link(s, c)),
            Some(Selection::Message(77)),
            Some(Selection::Session(ClientId(2))),
            Some(Selection::Znode("/a/é".into())),
        ] {
            let seen = Seen { speed: 1, selection: one };
            let text = text_of(&lab, &seen).unwrap();
            assert_eq!(open(&text).unwrap().1, seen);
        }
    }

    #[test]
    fn what_is_no_run_is_told_in_words() {
        let text = text_of(&lived(), &Seen::default()).unwrap();
        for (content, part) in [
            ("", "not a saved run"),
            ("hello", "not a saved run"),
            ("{\"zabscope\":1}", "not a saved run"),
            ("#r=2.abc", "format 2"),
            ("#r=1.abc", "saved run"),
            (&format!("#r={}", &text[..40]), "saved run"),
            (&text.replace('A', "B"), "saved run"),
        ] {
            let error = open(content).unwrap_err();
            assert!(error.contains(part), "{content}: {error}");
        }
    }

    #[test]
    fn a_run_that_goes_another_way_is_shown_all_the_same() {
        let lab = lived();
        let mut run = saved(&lab, &Seen::default());
        run.hash ^= 1;
        run.engine = "0.0.9".to_owned();
        let (again, _, strange) = open(&run.to_text().unwrap()).unwrap();
        let strange = strange.unwrap();
        assert!(strange.contains("0.0.9") && strange.contains(ENGINE), "{strange}");
        assert_eq!(again.index(), lab.index());
    }
}
