//! Draws a chart as SVG text, with plotters.
//!
//! On the page plotters measures each label by putting it into the document, so this runs on the
//! page's own thread. Colours go in as marks and come out as the page's variables: a drawing
//! follows the theme without being made again.

use crate::chart::{Chart, Kind};
use core::fmt::Write as _;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Size of a drawing in its own units.
const SIZE: (u32, u32) = (640, 260);
/// The page's colours by the last number of their mark.
const COLOURS: [&str; 8] =
    ["--ink", "--ink2", "--hair", "--looking", "--observing", "--following", "--leading", "--down"];
/// Colours of series, in their order.
const SERIES: [u8; 5] = [3, 4, 5, 0, 7];

const fn mark(number: u8) -> RGBColor {
    RGBColor(254, 237, number)
}

/// The drawing of a chart, or why there is none.
///
/// # Errors
/// The text is no chart, or plotters cannot draw it.
pub fn draw(text: &str) -> Result<String, String> {
    let chart = Chart::from_text(text).ok_or("no chart")?;
    let mut svg = String::new();
    plot(&chart, &mut svg).map_err(|error| format!("{error:?}"))?;
    for (number, name) in COLOURS.iter().enumerate() {
        svg = svg.replace(&format!("#FEED{number:02X}"), &format!("var({name})"));
    }
    // The page has a better font, and names the drawing itself.
    svg = svg.replace(" font-family=\"sans-serif\"", "");
    Ok(svg.replacen("<svg ", "<svg aria-hidden=\"true\" ", 1))
}

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn plot(chart: &Chart, svg: &mut String) -> Result<(), Failure> {
    let all = || chart.series.iter().flat_map(|(_, points)| points);
    let x_max = all().map(|point| point.0).fold(chart.until, f64::max);
    let x_min = if x_max > 0.0 && chart.kind == Kind::Lines && all().all(|p| p.0 >= 1.0) {
        1.0
    } else {
        0.0
    };
    let y_max = all().map(|point| point.1).fold(1.0, f64::max) * 1.08;
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let words = |number| ("sans-serif", 12).into_font().color(&mark(number));
    let mut plot = ChartBuilder::on(&root)
        .margin(8)
        // Room for names at the ends of lines.
        .margin_right(if chart.series.len() > 1 { 170 } else { 16 })
        .x_label_area_size(34)
        .y_label_area_size(48)
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
        .x_labels(8)
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
        // Colour is not the only difference.
        match place % 3 {
            0 => drop(plot.draw_series(LineSeries::new(line, style))?),
            1 => drop(plot.draw_series(DashedLineSeries::new(line, 7, 4, style))?),
            _ => drop(plot.draw_series(DashedLineSeries::new(line, 2, 3, style))?),
        }
        if let Some(end) = points.last() {
            let at = plot.backend_coord(end);
            let bottom = plot.backend_coord(&(x_max, 0.0)).1;
            let y = free(at.1, bottom, &mut taken);
            let place = Pos::new(HPos::Left, VPos::Center);
            root.draw(&Text::new(name.as_str(), (at.0 + 8, y), words(0).pos(place)))?;
            root.draw(&Circle::new(at, 3, colour.filled()))?;
        }
    }
    root.present()
}

/// A height for a label that no other label has, near the one wanted: below those of higher lines,
/// and above where there is no room below.
fn free(wanted: i32, bottom: i32, taken: &mut Vec<i32>) -> i32 {
    const APART: i32 = 15;
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
        let svg = draw(&chart.to_text()).unwrap();
        assert!(svg.starts_with("<svg aria-hidden") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("var(--looking)") && svg.contains("median"), "{svg}");
        assert!(!svg.contains("#FEED"), "{svg}");
        assert_eq!(
            (short(&0.5), short(&20.0), short(&0.0)),
            ("0.5".into(), "20".into(), "0".into())
        );
        assert!(draw("nonsense").is_err());
    }
}
