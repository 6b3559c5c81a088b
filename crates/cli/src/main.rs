//! Entry point of `hongniang`.

/// Several threads take and give memory in turns, which the system's allocator answers by keeping much of it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
