//! The process as the system sees it, under the names that Prometheus gives these things. Where there is no `/proc`, nothing is told.

use std::fs;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::registry::Registry;

use super::{counter, gauge};

/// Ticks a second in what Linux tells programs (`USER_HZ`), whatever the kernel itself uses.
const TICKS: f64 = 100.0;
const KIB: f64 = 1024.0;

/// When the first was asked for, which is at the start.
static STARTED: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);

/// Notes that the process begins.
pub(super) fn begins() {
    LazyLock::force(&STARTED);
}

pub(super) fn register(registry: &mut Registry) {
    let started = STARTED.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    gauge(registry, "process_start_time_seconds", "服务启动的时刻", started);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let values = [
        ("VmRSS", "process_resident_memory_bytes", "占用的内存", KIB),
        ("VmHWM", "process_resident_memory_peak_bytes", "占用过的最多内存", KIB),
        ("VmSize", "process_virtual_memory_bytes", "占用的地址空间", KIB),
        ("Threads", "process_threads", "线程", 1.0),
    ];
    for (field, name, about, unit) in values {
        if let Some(value) = number(&status, field) {
            gauge(registry, name, about, value * unit);
        }
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // Reading them is one of them.
        gauge(registry, "process_open_fds", "打开的文件和连接", files.count().saturating_sub(1) as f64);
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(most) = number(&limits, "Max open files") {
        gauge(registry, "process_max_fds", "可以打开的文件和连接", most);
    }
    if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| cpu_seconds(&stat)) {
        counter(registry, "process_cpu_seconds", "占用处理器的时间", seconds);
    }
}

/// The number that follows a name at the beginning of a line.
fn number(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.trim_start_matches(':').split_whitespace().next()?.parse().ok()
}

/// User and system time. The program's name, in parentheses, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read() {
        let status = "Name:\tx\nVmRSS:\t  2048 kB\nThreads:\t7\n";
        assert_eq!((number(status, "VmRSS"), number(status, "VmHWM")), (Some(2048.0), None));
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            20000   30000   files\n";
        assert_eq!(number(limits, "Max open files"), Some(20_000.0));
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 9 0 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(2.0));
    }
}
