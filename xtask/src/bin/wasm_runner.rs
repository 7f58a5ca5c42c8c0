//! Runs the wasm tests that cargo built: the command line of wasm-bindgen, used as a library.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
