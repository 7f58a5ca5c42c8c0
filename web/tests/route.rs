//! Addresses of the page.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "clippy does not know these functions as tests")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use zabscope_web::route::Route;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn an_address_leads_to_its_page_and_back() {
    let lesson = |step| Route::Guided { run: "leader-dies".to_owned(), step };
    for (fragment, route) in [
        ("#/", Route::First),
        ("#/play", Route::Play),
        ("#/cluster", Route::Cluster),
        ("#/real", Route::Real),
        ("#/keys", Route::Keys),
        ("#/run/leader-dies/3", lesson(3)),
        ("#/nowhere/at/all", Route::Unknown("/nowhere/at/all".to_owned())),
    ] {
        assert_eq!(Route::of(fragment), route);
        assert_eq!(route.fragment(), fragment);
    }
    assert_eq!(Route::of(""), Route::First);
    assert_eq!(Route::of("#/run/leader-dies"), lesson(1));
    assert_eq!(Route::of("#r=1.abc"), Route::Shared);
}

#[wasm_bindgen_test]
fn a_wrong_address_is_unknown_and_has_a_page_with_a_stage() {
    for wrong in [
        "#/run",
        "#/run/",
        "#/run/a/0",
        "#/run/a/x",
        "#/run/a/1/2",
        "#/run/<b>/1",
        "#/Play",
        "#/play/1",
        "#x",
        "#/run/a/99999",
    ] {
        let route = Route::of(wrong);
        assert!(matches!(route, Route::Unknown(_)), "{wrong} {route:?}");
        assert!(route.has_stage());
        assert_eq!(route.mode(), "first");
    }
}
