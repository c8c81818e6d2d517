#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| doorcode_fuzz::targets::flow::run(bytes));
