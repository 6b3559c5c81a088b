//! A real PostgreSQL for tests, in a temporary folder: nobody has to set one up, and none that is there is touched.
//!
//! It is stopped and its folder removed when the test process ends, however that ends: a shell waits for the end of a pipe that only this
//! process holds. As root it runs under another account, for PostgreSQL refuses to run as root. Where it is not installed, tests say that
//! they are skipped; under CI they fail instead.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::explicit_write, reason = "tests")]

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The role that owns the databases.
const ROLE: &str = "hongniang";
/// How long a server may take to start, also after a crash.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running PostgreSQL.
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// User and group to run as, when this process runs as root.
    account: Option<(u32, u32)>,
    databases: AtomicU32,
    /// Closed when this process ends; then the server is stopped.
    _alive: ChildStdin,
}

impl Server {
    /// The server that all tests of this process share, which nobody stops; `None` where PostgreSQL is not installed.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        SHARED.get_or_init(Self::start_new).as_ref()
    }

    /// A server of the test's own; `None` where PostgreSQL is not installed.
    pub(crate) fn start_new() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var_os("CI").is_none(),
                "PostgreSQL is not installed (Debian: apt-get install postgresql)"
            );
            // Past the capture of the test harness: whoever runs the tests is to know.
            writeln!(
                std::io::stderr(),
                "skipped: PostgreSQL is not installed (Debian: apt-get install postgresql)"
            )
            .unwrap();
            return None;
        };
        // Sockets have short names, so not in the folder that TMPDIR names, which may be deep.
        let folder =
            tempfile::Builder::new().prefix("hongniang-postgres-").tempdir_in("/tmp").unwrap().keep();
        let account = (std::fs::metadata(&folder).unwrap().uid() == 0).then(account);
        if let Some((user, group)) = account {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
        }
        let server = Self {
            _alive: keeper(&programs, &folder, account),
            programs,
            folder,
            account,
            databases: AtomicU32::new(0),
        };
        server.initialise();
        server.start();
        Some(server)
    }

    /// A new, empty database; returns its address.
    pub(crate) fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let host = self.folder.display();
        self.run("createdb", &["-h", &host.to_string(), "-U", ROLE, &name]);
        format!("postgres:///{name}?host={host}&user={ROLE}")
    }

    /// Executes SQL in the database at this address. Returns what it answers, unaligned.
    pub(crate) fn sql(&self, url: &str, text: &str) -> String {
        self.run("psql", &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text])
    }

    /// Writes everything down and returns the folder of the tables' files: without the server's log of changes, which is its operator's.
    pub(crate) fn tables(&self, url: &str) -> PathBuf {
        self.sql(url, "CHECKPOINT");
        self.folder.join("data/base")
    }

    /// The socket on which it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn start(&self) {
        let options =
            format!("-c listen_addresses='' -c unix_socket_directories='{}'", self.folder.display());
        let log = self.folder.join("log");
        let started = Instant::now();
        loop {
            let arguments = ["-D", &self.data(), "-w", "-l", log.to_str().unwrap(), "-o", &options, "start"];
            let outcome = self.command("pg_ctl").args(arguments).output().unwrap();
            if outcome.status.success() {
                return;
            }
            // After a kill the processes that it left behind may take a moment to notice.
            assert!(started.elapsed() < PATIENCE, "{}", std::fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it without letting anybody finish, as at a crash, and starts it again.
    pub(crate) fn restart(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-m", "immediate", "stop"]);
        self.start();
    }

    /// Kills its first process. The others end by themselves.
    pub(crate) fn kill(&self) {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let process = file.lines().next().unwrap();
        assert!(Command::new("kill").args(["-9", process]).status().unwrap().success());
    }

    fn initialise(&self) {
        let version = self.run("initdb", &["--version"]);
        let major: u32 = version
            .split_whitespace()
            .filter_map(|word| word.split('.').next()?.parse().ok())
            .next()
            .unwrap();
        let data = self.data();
        let mut arguments = vec!["-D", &data, "-U", ROLE, "-A", "trust", "-E", "UTF8", "--no-locale"];
        if major >= 15 {
            // A language that sorts otherwise than by bytes, as databases have it that were not created for us.
            arguments.extend(["--locale-provider=icu", "--icu-locale=zh-CN"]);
        }
        self.run("initdb", &arguments);
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let outcome = self.command(program).args(arguments).output().unwrap();
        assert!(outcome.status.success(), "{program}: {}", String::from_utf8_lossy(&outcome.stderr));
        String::from_utf8(outcome.stdout).unwrap().trim().to_owned()
    }

    fn command(&self, program: &str) -> Command {
        as_account(Command::new(self.programs.join(program)), self.account)
    }
}

/// The folder of PostgreSQL's programs of the latest version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let mut debian: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let elsewhere: Vec<PathBuf> = std::env::split_paths(&path).collect();
    debian
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(elsewhere)
        .find(|folder| folder.join("initdb").is_file())
}

/// User and group of an account that is not root's.
fn account() -> (u32, u32) {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    of("postgres").or_else(|| of("nobody")).expect("an account other than root's")
}

fn as_account(mut command: Command, account: Option<(u32, u32)>) -> Command {
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// Whoever stops the server once its input, which this process holds, has ended.
fn keeper(programs: &Path, folder: &Path, account: Option<(u32, u32)>) -> ChildStdin {
    let script = r#"cat >/dev/null; "$1/pg_ctl" -D "$2/data" -m immediate stop; rm -rf "$2""#;
    let mut keeper = as_account(Command::new("/bin/sh"), account);
    keeper.args(["-c", script, "keeper"]).arg(programs).arg(folder);
    let keeper =
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
    keeper.unwrap().stdin.take().unwrap()
}
