//! x
fn main() {
    let p = std::env::args().nth(1).unwrap();
    let b = std::fs::read(p).unwrap();
    let w: Vec<u32> = b.chunks_exact(4).map(|c| u32::from_le_bytes(c.try_into().unwrap())).collect();
    let (n, ne, m) = (w[0] as usize, w[1] as usize, w[2] as usize);
    let w = &w[3..];
    let _ = n;
    planning::trial(n, ne, &w[..m], &w[m..2 * m], &w[2 * m..3 * m], &w[3 * m..3 * m + ne]);
}
