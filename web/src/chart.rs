//! What a chart shows, apart from how it is drawn.

use crate::lab::Lab;
use crate::lab::record::Stage;
use crate::message::Tone;

/// Points of one series; of more, neighbours are put together.
pub const POINTS_MAX: usize = 400;

/// How the points of a chart are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Joined by lines.
    Lines,
    /// Each as a bar.
    Bars,
}

/// A chart: everything that is drawn, and all that its table says.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// What lies along the bottom, with its unit.
    pub x: String,
    /// What rises, with its unit.
    pub y: String,
    /// How.
    pub kind: Kind,
    /// Where the bottom axis ends, at least.
    pub until: f64,
    /// Names and points.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

impl Chart {
    /// The chart as lines of text, for the module that draws.
    #[must_use]
    pub fn to_text(&self) -> String {
        let kind = if self.kind == Kind::Bars { "bars" } else { "lines" };
        let mut text = [&self.title, &self.x, &self.y, kind, &self.until.to_string()].join("\n");
        for (name, points) in &self.series {
            text.push_str("\n#");
            text.push_str(name);
            for (x, y) in points {
                text.push_str(&format!("\n{x} {y}"));
            }
        }
        text
    }

    /// The chart of these lines.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut next = || Some(lines.next()?.to_owned());
        let (title, x, y) = (next()?, next()?, next()?);
        let kind = if next()? == "bars" { Kind::Bars } else { Kind::Lines };
        let until = next()?.parse().ok()?;
        let mut series: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
        for line in lines {
            if let Some(name) = line.strip_prefix('#') {
                series.push((name.to_owned(), Vec::new()));
            } else {
                let (x, y) = line.split_once(' ')?;
                series.last_mut()?.1.push((x.parse().ok()?, y.parse().ok()?));
            }
        }
        Some(Self { title, x, y, kind, until, series })
    }

    /// True if there is nothing to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|(_, points)| points.is_empty())
    }
}

/// Microseconds as seconds.
#[allow(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// The charts of a run until the cursor: messages, latency of commits, elections.
#[must_use]
pub fn of_run(lab: &Lab) -> Vec<Chart> {
    vec![messages(lab), commits(lab), elections(lab)]
}

type Series = Vec<(String, Vec<(f64, f64)>)>;

fn chart(lab: &Lab, title: &str, y: &str, kind: Kind, series: Series) -> Chart {
    let x = "simulated time, s".to_owned();
    let until = seconds(lab.now().0);
    Chart { title: title.to_owned(), x, y: y.to_owned(), kind, until, series }
}

/// Messages sent in each slice of time, by phase.
fn messages(lab: &Lab) -> Chart {
    const TONES: [(Tone, &str); 5] = [
        (Tone::Election, "election"),
        (Tone::Recovery, "discovery and synchronization"),
        (Tone::Broadcast, "broadcast"),
        (Tone::Client, "clients"),
        (Tone::Quiet, "heartbeats and streams"),
    ];
    let now = lab.now().0.max(1);
    let slices = 60_u64.min(now.div_ceil(50_000));
    let width = now.div_ceil(slices);
    let mut counts = [[0_u32; 60]; TONES.len()];
    for flight in lab.record().flights.iter().take_while(|flight| flight.step < lab.index()) {
        let slice = usize::try_from(flight.sent_at.0 / width).unwrap_or(usize::MAX);
        let tone = TONES.iter().position(|(tone, _)| *tone == flight.look.tone);
        if let Some(count) = tone.and_then(|tone| counts[tone].get_mut(slice)) {
            *count += 1;
        }
    }
    let series = TONES.iter().zip(counts).map(|((_, name), counts)| {
        let points = (0..slices).zip(counts);
        let points =
            points.map(|(slice, count)| (seconds(slice * width + width / 2), f64::from(count)));
        ((*name).to_owned(), points.collect())
    });
    let y = format!("messages sent in {} ms", width / 1000);
    chart(lab, "Messages", &y, Kind::Lines, series.collect())
}

/// From the first PROPOSAL to the majority, for each transaction.
fn commits(lab: &Lab) -> Chart {
    let commits = lab.record().commits.iter().take_while(|commit| commit.step < lab.index());
    let points: Vec<_> =
        commits.map(|commit| (seconds(commit.at.0), seconds(commit.us) * 1000.0)).collect();
    let skipped = points.len().saturating_sub(POINTS_MAX);
    let points = points.into_iter().skip(skipped).collect();
    chart(
        lab,
        "Commit latency",
        "PROPOSAL to majority, ms",
        Kind::Bars,
        vec![("commits".to_owned(), points)],
    )
}

/// From the loss of a leader to service under the next.
fn elections(lab: &Lab) -> Chart {
    let (mut since, mut points) = (None, Vec::new());
    let bands = lab.record().bands.iter().take_while(|band| band.step <= lab.index());
    for band in bands {
        match (band.stage, since) {
            (Stage::Broadcast, Some(from)) => {
                points.push((seconds(band.at.0), seconds(band.at.0 - from) * 1000.0));
                since = None;
            }
            (Stage::Broadcast, None) | (_, Some(_)) => {}
            (_, None) => since = Some(band.at.0),
        }
    }
    chart(
        lab,
        "Elections",
        "without a leader, ms",
        Kind::Bars,
        vec![("elections".to_owned(), points)],
    )
}

/// How long a write takes in ensembles of different size: servers, median and p95, microseconds.
#[must_use]
pub fn of_sizes(points: &[(f64, f64, f64)]) -> Chart {
    let series = |name: &str, pick: fn(&(f64, f64, f64)) -> f64| {
        let points = points.iter().map(|point| (point.0, pick(point) / 1000.0));
        (name.to_owned(), points.collect())
    };
    Chart {
        title: "Latency of a write against the size of the ensemble".to_owned(),
        x: "servers".to_owned(),
        y: "request to answer, ms".to_owned(),
        kind: Kind::Lines,
        until: 9.0,
        series: vec![
            series("95 of 100 are faster", |point| point.2),
            series("median", |point| point.1),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::StopAt;
    use zabscope_core::base::{NodeId, Sid};

    #[test]
    fn a_run_gives_three_charts_that_survive_as_text() {
        let mut lab = Lab::elected(3, 7);
        lab.kill(NodeId::Server(Sid(3)), false);
        lab.advance(lab.now().plus(3_000_000), StopAt::Never);
        let charts = of_run(&lab);
        for chart in &charts {
            assert!(!chart.is_empty(), "{}", chart.title);
            assert_eq!(Chart::from_text(&chart.to_text()).as_ref(), Some(chart));
        }
        let sent: f64 = charts[0].series.iter().flat_map(|(_, points)| points).map(|p| p.1).sum();
        assert!((sent - lab.record().flights.len() as f64).abs() < 0.5, "{sent}");
        assert_eq!(charts[1].series[0].1.len(), lab.record().commits.len());
        // The first election, and the one after the kill.
        let elections = &charts[2].series[0].1;
        assert_eq!(elections.len(), 2, "{elections:?}");
        assert!(elections.iter().all(|(_, ms)| (100.0..3000.0).contains(ms)), "{elections:?}");
        assert_eq!(Chart::from_text("a\nb"), None);
    }
}
