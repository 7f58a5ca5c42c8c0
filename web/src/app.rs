//! The top component.

use yew::prelude::*;
use zabscope_core::base::limits::FRAME_BYTES_MAX;

/// The whole page.
#[component]
pub fn App() -> Html {
    let count = use_state(|| 0_u32);
    let press = {
        let count = count.clone();
        Callback::from(move |_: MouseEvent| count.set(*count + 1))
    };
    html! {
        <main>
            <h1>{ "Zabscope" }</h1>
            <p id="engine">{ format!("The largest client frame has {FRAME_BYTES_MAX} bytes.") }</p>
            <button id="count" onclick={press}>{ format!("Pressed {} times", *count) }</button>
        </main>
    }
}
