//! What several targets share: an index over a few records, in a folder that goes with the process's temporary folder.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use domain::{Area, Kind, Passage};
use index::{Catalog, IndexDocument};
use text::{Analyzer, Dictionaries};

/// The analyzer that the program comes with.
pub static ANALYZER: LazyLock<Arc<Analyzer>> = LazyLock::new(|| {
    Arc::new(Analyzer::new(&Dictionaries::builtin()).expect("the built-in dictionaries are sound"))
});

const TITLES: [&str; 8] = [
    "锂电池正极材料回收",
    "激光焊接气孔控制",
    "水稻病虫害识别",
    "光纤阵列耦合胶固化",
    "PLC 控制系统改造",
    "茶叶杀青能耗",
    "污水脱氮除磷",
    "α-烯烃聚合催化剂 B12",
];

/// Opens the indexes below a folder.
pub fn open(folder: &std::path::Path) -> Result<Catalog, index::IndexError> {
    Catalog::with_memory_budget(folder, ANALYZER.clone(), None, 16 << 20)
}

/// Makes an index of a few experts in a new folder.
pub fn indexed() -> PathBuf {
    let folder = tempfile::tempdir().expect("a temporary folder can be made").keep();
    let catalog = open(&folder).expect("a new folder can be indexed");
    let registry = catalog.registry(Kind::Expert);
    let mut rebuild = registry.rebuild(vectors::TermVectors::builtin()).expect("nobody else rebuilds");
    for (title, number) in TITLES.iter().zip(1..) {
        let passage = |area| Passage { area, field: "title", label: "名称", text: (*title).to_owned() };
        let passages = vec![passage(Area::Title), passage(Area::Body)];
        let document = IndexDocument {
            number,
            passages,
            names: vec!["王建国".to_owned()],
            open: true,
            ..IndexDocument::default()
        };
        rebuild.put(&document).expect("there is room");
    }
    rebuild.finish(1).expect("there is room");
    folder
}
