//! How one message on its way is drawn; its name and letters come from the engine's teller.

pub use zabscope_core::tell::{Look, Shape, Tone, node_name, op_name};

/// The outline as an SVG path around the origin, about 22 units wide.
#[must_use]
pub const fn outline(shape: Shape) -> &'static str {
    match shape {
        Shape::Diamond => "M0-12 12 0 0 12-12 0z",
        Shape::Hexagon => "M-6-10.5H6L12 0 6 10.5H-6L-12 0z",
        Shape::Square => "M-10-10H10V10H-10z",
        Shape::Disc | Shape::Ring => "M-10.5 0a10.5 10.5 0 1 1 21 0a10.5 10.5 0 1 1-21 0z",
        Shape::Target => {
            "M-11.5 0a11.5 11.5 0 1 1 23 0a11.5 11.5 0 1 1-23 0z\
             M-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0z"
        }
        Shape::Triangle => "M-9-11 12 0-9 11z",
        Shape::TriangleBack => "M9-11-12 0 9 11z",
        Shape::Star => {
            "M0-12 3.2-4.3 11.4-3.7 5.1 1.7 7.1 9.7 0 5.3-7.1 9.7-5.1 1.7-11.4-3.7-3.2-4.3z"
        }
        Shape::Dot => "M-3.5 0a3.5 3.5 0 1 1 7 0a3.5 3.5 0 1 1-7 0z",
    }
}
