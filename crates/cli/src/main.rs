//! Entry point of `hongniang`.

fn main() -> std::process::ExitCode {
    cli::main()
}
