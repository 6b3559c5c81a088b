//! Whether a need says enough to be matched; if not, what to ask whoever filed it.
//!
//! What a text says of a technology is the sum, over its different words, of how rare each is in technical prose
//! ([`text::Background`]). Words that every form holds (企业, 提升, 数字化) say nothing, nor do words put together of them (产业化,
//! 降低成本), nor those of everyday speech, which are rare in technical prose for another reason. The bound lies
//! between the demonstration's needs, none of which falls below it, and titles such as 希望提高产品质量, all of which do (`tests/clarity.rs`).

use std::sync::LazyLock;

use domain::Passage;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use text::{Analyzer, Background};
use utoipa::ToSchema;

/// What a need has to say at least.
const SUBSTANCE: f32 = 2.0;
/// A word this common in prose says nothing.
pub(crate) const COMMON: f32 = 0.3;

/// Words of plans, policies and forms, and units, comparisons and times. (Those that are stop words besides are no words at all.)
static GENERIC: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    let mut words = words_of(include_str!("../../../data/dictionaries/generic_words.txt"));
    words.extend(words_of(include_str!("../../../data/dictionaries/measure_words.txt")));
    words
});
/// Words that say nothing here, though two texts that share one have something in common.
static EVERYDAY: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words_of(include_str!("../../../data/dictionaries/everyday_words.txt")));
static STOPS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words_of(include_str!("../../../data/dictionaries/stop_words.txt")));

fn words_of(list: &'static str) -> FxHashSet<&'static str> {
    list.lines().filter(|line| !line.starts_with('#')).collect()
}

/// A word at least as rare as this names a thing, unless it ends like an action or a quantity.
const NAMES: f32 = 0.8;
const NO_THING: [&str; 12] = ["率", "度", "量", "性", "数", "值", "比", "耗", "力", "法", "术", "化"];

/// What a need should say, with the words or endings that tell that it does, and the question that asks for it.
const ASPECTS: [(&str, &str, &[&str]); 4] = [
    (
        "object",
        "针对什么材料、产品或对象？请写出名称和规格，例如“6061 铝合金薄板”“乌龙茶鲜叶”。",
        &[
            "钢", "铁", "铝", "铜", "镁", "钛", "锌", "镍", "锂", "硅", "合金", "塑料", "树脂", "橡胶",
            "陶瓷", "玻璃", "纤维", "膜", "涂层", "浆", "胶", "油", "气", "粉", "砂", "石", "煤", "木", "竹",
            "纸", "布", "纱", "革", "茶", "果", "菜", "米", "麦", "稻", "豆", "鱼", "虾", "猪", "牛", "羊",
            "鸡", "药", "菌", "酶", "肽", "糖", "酒", "废水", "污泥", "电池", "电机", "芯片", "模块", "电缆",
            "轴承", "叶片", "齿轮", "管", "板", "丝", "带", "壳", "罐", "瓶", "材", "料", "剂", "件",
        ],
    ),
    (
        "process",
        "问题出在哪道工序，用的什么方法或设备？例如“激光焊接”“紫外预固化后热固化”。",
        &[
            "焊",
            "焊接",
            "切割",
            "铸",
            "铸造",
            "锻",
            "锻造",
            "轧",
            "轧制",
            "热处理",
            "注塑",
            "挤出",
            "喷涂",
            "电镀",
            "涂布",
            "固化",
            "烧结",
            "干燥",
            "杀青",
            "发酵",
            "提取",
            "萃取",
            "蒸馏",
            "过滤",
            "结晶",
            "合成",
            "聚合",
            "催化",
            "清洗",
            "装配",
            "封装",
            "检测",
            "测量",
            "监测",
            "识别",
            "控制",
            "仿真",
            "育种",
            "栽培",
            "养殖",
            "灌溉",
            "冷冻",
            "储运",
            "处理",
            "机",
            "炉",
            "釜",
            "泵",
            "阀",
            "窑",
            "塔",
            "仪",
        ],
    ),
    (
        "figure",
        "现在达到什么数值，希望达到什么数值？例如“成品率由 71% 提高到 90%”“能耗不高于 0.8 千瓦时”。",
        &[],
    ),
    (
        "standard",
        "要满足哪些标准、规范或客户要求？例如国家标准（GB）、行业标准、出口认证。",
        &["标准", "规范", "规程", "认证", "gb", "iso", "iec", "astm", "ul", "ce", "rohs"],
    ),
];

/// A question whose answer would help the matching.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Question {
    /// 稳定的名称：object 对象、process 工序、figure 指标、standard 标准
    #[schema(example = "object")]
    pub code: String,
    /// 建议补充的内容
    #[schema(example = "针对什么材料、产品或对象？请写出名称和规格，例如“6061 铝合金薄板”“乌龙茶鲜叶”。")]
    pub question: String,
}

/// What to ask of a need that says too little to be matched; nothing of one that says enough.
pub fn questions(analyzer: &Analyzer, passages: &[Passage]) -> Vec<Question> {
    let mut words: FxHashSet<String> = FxHashSet::default();
    for passage in passages {
        words.extend(analyzer.words(&passage.text).into_iter().map(|word| word.text));
    }
    if substance(&words) >= SUBSTANCE {
        return Vec::new();
    }
    let has_figure = passages.iter().any(|passage| passage.text.chars().any(|c| c.is_ascii_digit()));
    let said = |code: &str, endings: &[&str]| match code {
        "figure" => has_figure,
        "object" => any_ends(&words, endings) || words.iter().any(|word| names_a_thing(word)),
        _ => any_ends(&words, endings),
    };
    let question = |(code, question, _): &(&str, &str, _)| Question {
        code: (*code).into(),
        question: (*question).into(),
    };
    let missing = ASPECTS.iter().filter(|(code, _, endings)| !said(code, endings));
    let missing: Vec<Question> = missing.map(question).collect();
    // All touched upon, and still too little: ask for everything.
    if missing.is_empty() { ASPECTS.iter().map(question).collect() } else { missing }
}

fn any_ends(words: &FxHashSet<String>, endings: &[&str]) -> bool {
    words.iter().any(|word| !is_vague(word) && endings.iter().any(|ending| word.ends_with(ending)))
}

/// Whether a word is rare enough to be a name of something: 银耳, 白芍.
fn names_a_thing(word: &str) -> bool {
    let acts = ASPECTS.iter().filter(|(code, ..)| *code == "process").flat_map(|(.., endings)| *endings);
    rarity(word) >= NAMES && !is_vague(word) && !acts.chain(&NO_THING).any(|ending| word.ends_with(ending))
}

/// How much these words say.
fn substance(words: &FxHashSet<String>) -> f32 {
    let mut told: Vec<f32> = words.iter().filter(|word| !is_vague(word)).map(|word| rarity(word)).collect();
    // The order of a set is none; sums of floats depend on it.
    told.sort_unstable_by(f32::total_cmp);
    told.into_iter().filter(|rarity| *rarity > COMMON).sum()
}

/// Whether a word says nothing of a technology: words of plans and forms, units and times, counts (三条, 几次), and single letters.
pub fn says_nothing(word: &str) -> bool {
    let counts = |c: char| "一二两三四五六七八九十几数多每各第".contains(c);
    GENERIC.contains(word)
        || (word.chars().count() == 2 && word.starts_with(counts))
        || (word.len() == 1 && word.is_ascii())
}

/// Whether a word says nothing of what is needed: by itself, or put together of such words, with at most one character before or after
/// (新|技术, 产业|化).
fn is_vague(word: &str) -> bool {
    let says_nothing = |word: &str| says_nothing(word) || EVERYDAY.contains(word);
    if says_nothing(word) {
        return true;
    }
    let characters: Vec<char> = word.chars().collect();
    let piece = |from: usize, to: usize| characters[from..to].iter().collect::<String>();
    let stops = |at: usize| STOPS.contains(piece(at, at + 1).as_str());
    let length = characters.len();
    // Whether the characters from the start, or from the second one, up to here are put together of such words.
    let mut reached = vec![false; length + 1];
    reached[0] = true;
    if length > 2 && stops(0) {
        reached[1] = true;
    }
    for to in 2..=length {
        reached[to] = (0..to - 1).any(|from| {
            let piece = piece(from, to);
            reached[from] && (says_nothing(&piece) || STOPS.contains(piece.as_str()))
        });
    }
    reached[length] || (length > 2 && reached[length - 1] && stops(length - 1))
}

/// A word is as rare as the rarest pair of its characters; a single character says nothing.
pub(crate) fn rarity(word: &str) -> f32 {
    let background = Background::builtin();
    if word.is_ascii() {
        return if word.len() > 1 && !word.bytes().all(|b| b.is_ascii_digit()) {
            background.rarity(word)
        } else {
            0.0
        };
    }
    let characters: Vec<char> = word.chars().collect();
    let pairs = characters.windows(2).map(|pair| background.rarity(&pair.iter().collect::<String>()));
    pairs.fold(0.0, f32::max)
}
