//! Messages on their way, drawn outside of Yew: nodes are made when a message appears and moved
//! by a cached transform, so that a frame costs no text and no comparison of trees.

use super::layout::{Layout, Point, between, degrees, number, rotate};
use crate::message::{Look, outline};
use crate::view::FlightView;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, SvgGraphicsElement, SvgTransform, SvgsvgElement};
use zabscope_core::base::{Map, Set};
use zabscope_core::sim::Micros;

const SVG: &str = "http://www.w3.org/2000/svg";
/// Where a message stands that does not move, as a share of its way.
const STILL_SHARE: f32 = 0.5;

/// The messages that are in the page.
#[derive(Debug, Default)]
pub struct Messages {
    /// Where they are: another page has another group.
    group: Option<Element>,
    sprites: Map<u64, Sprite>,
}

#[derive(Debug)]
struct Sprite {
    element: Element,
    transform: SvgTransform,
    flight: FlightView,
    from: Point,
    to: Point,
}

impl Messages {
    /// Makes the page show these messages, in this group.
    pub fn show(&mut self, group: &Element, flights: &[FlightView], layout: &Layout) {
        if self.group.as_ref() != Some(group) {
            self.sprites.clear();
            self.group = Some(group.clone());
        }
        let wanted: Map<u64, &FlightView> =
            flights.iter().map(|flight| (flight.id, flight)).collect();
        self.sprites.retain(|id, sprite| {
            // Another future may use the same number for another message.
            let way = layout.way(sprite.flight.from, sprite.flight.to);
            let kept = wanted.get(id).is_some_and(|flight| {
                flight.look == sprite.flight.look && way == Some((sprite.from, sprite.to))
            });
            if !kept {
                sprite.element.remove();
            }
            kept
        });
        let mut fans = Set::new();
        for flight in flights {
            let first = fans.insert((flight.from, flight.sent_at, flight.look.name));
            if let Some(sprite) = self.sprites.get_mut(&flight.id) {
                sprite.flight = flight.clone();
            } else if let Some((from, to)) = layout.way(flight.from, flight.to)
                && let Ok(sprite) = sprite(group, flight, (from, to), first)
            {
                self.sprites.insert(flight.id, sprite);
            }
        }
    }

    /// Puts every message where it is at this time; `still` if nothing may move.
    pub fn place(&self, now: Micros, still: bool) {
        for sprite in self.sprites.values() {
            let share = if still { STILL_SHARE } else { sprite.flight.share(now) };
            let at = between(sprite.from, sprite.to, share);
            // A transform of a removed element is the only one that fails; it is not seen.
            sprite.transform.set_translate(at.x, at.y).ok();
        }
    }
}

fn element(name: &str) -> Result<Element, JsValue> {
    let document = web_sys::window().and_then(|window| window.document());
    document.ok_or(JsValue::NULL)?.create_element_ns(Some(SVG), name)
}

fn sprite(
    group: &Element,
    flight: &FlightView,
    (from, to): (Point, Point),
    labelled: bool,
) -> Result<Sprite, JsValue> {
    let Look { name, mark, shape, tone, .. } = &flight.look;
    let whole = element("g")?;
    whole.set_attribute("class", &format!("message {} {}", tone.class(), shape.class()))?;
    whole.set_attribute("data-name", name)?;
    let ahead = element("g")?;
    let turn = degrees(from, to);
    ahead.set_attribute("transform", &rotate(turn))?;
    if !flight.look.is_quiet() {
        let trail = element("path")?;
        trail.set_attribute("class", "trail")?;
        trail.set_attribute("d", "M-38 0H-10")?;
        ahead.append_child(&trail)?;
    }
    whole.append_child(&ahead)?;
    let body = element("path")?;
    body.set_attribute("class", "body")?;
    body.set_attribute("d", outline(*shape))?;
    let turned =
        matches!(shape, crate::message::Shape::Triangle | crate::message::Shape::TriangleBack);
    if turned {
        // Both kinds of triangle point to where they go.
        let back = matches!(shape, crate::message::Shape::TriangleBack);
        let turn = if back { turn + 180.0 } else { turn };
        body.set_attribute("transform", &rotate(turn))?;
    }
    whole.append_child(&body)?;
    if !mark.is_empty() {
        let letters = text("mark", mark, 4.0)?;
        whole.append_child(&letters)?;
    }
    if labelled && !flight.look.is_quiet() {
        let label = text("name", name, 26.0)?;
        whole.append_child(&label)?;
    }
    group.append_child(&whole)?;
    let transform = own_transform(group, &whole)?;
    Ok(Sprite { element: whole, transform, flight: flight.clone(), from, to })
}

fn text(class: &str, words: &str, y: f32) -> Result<Element, JsValue> {
    let text = element("text")?;
    text.set_attribute("class", class)?;
    text.set_attribute("y", &number(y))?;
    text.set_text_content(Some(words));
    Ok(text)
}

/// A transform of this element, to be set again and again.
fn own_transform(group: &Element, of: &Element) -> Result<SvgTransform, JsValue> {
    let svg = group.closest("svg")?.ok_or(JsValue::NULL)?.dyn_into::<SvgsvgElement>()?;
    let list = of.dyn_ref::<SvgGraphicsElement>().ok_or(JsValue::NULL)?.transform().base_val();
    list.append_item(&svg.create_svg_transform())?;
    list.get_item(0)
}
