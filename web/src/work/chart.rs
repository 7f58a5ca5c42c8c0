//! Draws a chart as SVG text, with plotters.
//!
//! On the page plotters measures each label by putting it into the document, so this runs on the
//! page's own thread. Colours go in as marks and come out as the page's variables: a drawing
//! follows the theme without being made again.

use crate::chart::{Chart, Kind};
use core::fmt::Write as _;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Size of a drawing in its own units, which are about the pixels of a screen: its words are to be
/// read.
const WIDE: (u32, u32) = (640, 208);
const NARROW: (u32, u32) = (360, 220);
/// From one name to the next.
const APART: i32 = 16;
/// Plotters takes a size of letters for their whole height: these have 12 of the page's pixels.
const LETTERS: i32 = 15;
/// A piece of a line in front of its name.
const SAMPLE: i32 = 20;
/// The page's colours by the last number of their mark.
const COLOURS: [&str; 8] =
    ["--ink", "--ink2", "--hair", "--looking", "--observing", "--following", "--leading", "--down"];
/// Colours of series, in their order.
const SERIES: [u8; 5] = [3, 4, 5, 0, 7];

const fn mark(number: u8) -> RGBColor {
    RGBColor(254, 237, number)
}

/// The drawing of a chart, for a `narrow` screen or a wide one, or why there is none.
///
/// # Errors
/// The text is no chart, or plotters cannot draw it.
pub fn draw(text: &str, narrow: bool) -> Result<String, String> {
    let chart = Chart::from_text(text).ok_or("no chart")?;
    let mut svg = String::new();
    plot(&chart, narrow, &mut svg).map_err(|error| format!("{error:?}"))?;
    for (number, name) in COLOURS.iter().enumerate() {
        svg = svg.replace(&format!("#FEED{number:02X}"), &format!("var({name})"));
    }
    // The page has a better font, and names the drawing itself.
    svg = svg.replace(" font-family=\"sans-serif\"", "");
    Ok(svg.replacen("<svg ", "<svg aria-hidden=\"true\" ", 1))
}

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn plot(chart: &Chart, narrow: bool, svg: &mut String) -> Result<(), Failure> {
    let all = || chart.series.iter().flat_map(|(_, points)| points);
    let x_max = all().map(|point| point.0).fold(chart.until, f64::max);
    let x_min = if x_max > 0.0 && chart.kind == Kind::Lines && all().all(|p| p.0 >= 1.0) {
        1.0
    } else {
        0.0
    };
    let y_max = all().map(|point| point.1).fold(1.0, f64::max) * 1.08;
    // Names stand at the ends of their lines, where there is room for them, else below.
    let names = if chart.series.len() > 1 { chart.series.len() } else { 0 };
    let below = if narrow { u32::try_from(names).unwrap_or(0) * APART.unsigned_abs() } else { 0 };
    let size = if narrow { (NARROW.0, NARROW.1 + below) } else { WIDE };
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    let words = |number| ("sans-serif", LETTERS).into_font().color(&mark(number));
    let mut plot = ChartBuilder::on(&root)
        .margin(8)
        .margin_right(if names > 0 && !narrow { 224 } else { 16 })
        .margin_bottom(8 + below)
        .x_label_area_size(38)
        .y_label_area_size(52)
        .build_cartesian_2d(x_min..x_max, 0.0..y_max)?;
    plot.configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(mark(2))
        .axis_style(mark(1))
        .label_style(words(1))
        .axis_desc_style(words(1))
        .x_desc(chart.x.as_str())
        .y_desc(chart.y.as_str())
        .x_labels(if x_min > 0.0 {
            9
        } else if narrow {
            5
        } else {
            8
        })
        .y_labels(5)
        .x_label_formatter(&short)
        .y_label_formatter(&short)
        .draw()?;
    let mut taken: Vec<i32> = Vec::new();
    for (place, (name, points)) in chart.series.iter().enumerate() {
        let colour = mark(SERIES.get(place).copied().unwrap_or(0));
        if chart.kind == Kind::Bars {
            let half = (x_max - x_min) / 400.0;
            plot.draw_series(points.iter().map(|(x, y)| {
                Rectangle::new([(x - half, 0.0), (x + half, *y)], mark(5).filled())
            }))?;
            continue;
        }
        let style = colour.stroke_width(2);
        let line = points.iter().copied();
        // Colour is not the only difference: lengths of dashes and of the spaces between them.
        let dashes = [None, Some((7, 4)), Some((2, 3))][place % 3];
        match dashes {
            None => drop(plot.draw_series(LineSeries::new(line, style))?),
            Some((dash, space)) => {
                plot.draw_series(DashedLineSeries::new(line, dash, space, style))?;
            }
        }
        if let Some(end) = points.last() {
            let at = plot.backend_coord(end);
            let (left, bottom) = plot.backend_coord(&(x_min, 0.0));
            let row = i32::try_from(place).unwrap_or(0);
            let (x, y) = if narrow {
                (left, i32::try_from(NARROW.1).unwrap_or(0) + row * APART)
            } else {
                (at.0 + 10, free(at.1, bottom, &mut taken))
            };
            sample(&root, (x, y), dashes, style)?;
            let place = Pos::new(HPos::Left, VPos::Center);
            root.draw(&Text::new(name.as_str(), (x + SAMPLE + 6, y), words(0).pos(place)))?;
            root.draw(&Circle::new(at, 3, colour.filled()))?;
        }
    }
    root.present()
}

/// A piece of a series' line, in front of its name.
fn sample(
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    (x, y): (i32, i32),
    dashes: Option<(u32, u32)>,
    style: ShapeStyle,
) -> Result<(), Failure> {
    let line = [(x, y), (x + SAMPLE, y)];
    match dashes {
        None => root.draw(&PathElement::new(line, style)),
        Some((dash, space)) => root.draw(&DashedPathElement::new(line, dash, space, style)),
    }
}

/// A height for a label that no other label has, near the one wanted: below those of higher lines,
/// and above where there is no room below.
fn free(wanted: i32, bottom: i32, taken: &mut Vec<i32>) -> i32 {
    let is_free = |y: &i32| taken.iter().all(|other| (other - y).abs() >= APART);
    let below = (wanted..=bottom).find(is_free);
    let y = below.or_else(|| (0..wanted).rev().find(is_free)).unwrap_or(wanted);
    taken.push(y);
    y
}

/// A number of an axis, without digits that say nothing.
fn short(value: &f64) -> String {
    let mut text = String::new();
    // A String takes everything.
    let _ = write!(text, "{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::of_sizes;

    #[test]
    fn a_chart_becomes_a_drawing_in_the_colours_of_the_page() {
        let chart = of_sizes(&[(1.0, 30e3, 35e3), (3.0, 70e3, 80e3), (5.0, 72e3, 82e3)]);
        let svg = draw(&chart.to_text(), false).unwrap();
        assert!(svg.starts_with("<svg aria-hidden") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("var(--looking)") && svg.contains("median"), "{svg}");
        assert!(!svg.contains("#FEED"), "{svg}");
        assert_eq!(
            (short(&0.5), short(&20.0), short(&0.0)),
            ("0.5".into(), "20".into(), "0".into())
        );
        assert!(draw("nonsense", false).is_err());
        let narrow = draw(&chart.to_text(), true).unwrap();
        assert!(narrow.contains("width=\"360\"") && narrow.contains("median"), "{narrow}");
    }
}
