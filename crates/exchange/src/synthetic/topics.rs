//! What the generated texts speak of: general words with their natural frequencies, and topics within fields.

use super::dice::{Dice, Weighted};

/// Words and counts from abstracts of ChinaXiv; the source is named in the file.
const WORDS: &str = include_str!("../../../../data/generator/words.tsv");

/// The most frequent words belong to every text and to no topic.
const COMMON: usize = 300;
const TOPICS: usize = 160;
/// Words that a topic takes from the general list, beside the terms of its field.
const TOPIC_WORDS: usize = 260;

/// A field of technology.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// GB/T 4754-2017.
    pub(super) industries: &'static [&'static str],
    /// Classes of the International Patent Classification.
    pub(super) ipc: &'static [&'static str],
    terms: &'static str,
}

impl Field {
    /// What people of the field work on.
    pub(super) fn terms(&self) -> impl Iterator<Item = &'static str> {
        self.terms.split(' ')
    }
}

pub(super) const FIELDS: [Field; 8] = [
    Field {
        name: "现代能源",
        industries: &["C3841", "C3825", "D4415", "C382", "C384"],
        ipc: &["H01M 10/0525", "H02J 3/38", "F03D 7/02", "H02S 40/42"],
        terms: "动力电池 固态电解质 储能电站 光伏组件 并网逆变器 燃料电池电堆 风电机组 电池管理系统 三元正极 硅碳负极 隔膜涂覆 充电桩 微电网 热失控 液冷板 钙钛矿电池 电解水制氢 负荷预测",
    },
    Field {
        name: "生物医药",
        industries: &["C2710", "C2720", "C2740", "C2761", "C2770", "M7340"],
        ipc: &["A61K 39/395", "C12N 15/113", "A61P 35/00", "G01N 33/68"],
        terms: "单克隆抗体 免疫细胞治疗 基因编辑 重组疫苗 临床试验 缓释制剂 靶向药物 蛋白质组学 体外诊断试剂 生物反应器 冻干工艺 小分子抑制剂 免疫检查点 间充质干细胞 生物标志物 中药提取 药代动力学 杂质分析",
    },
    Field {
        name: "智能制造",
        industries: &["C3491", "C3421", "C3422", "C3425", "C4011", "C34"],
        ipc: &["B25J 9/16", "B23K 26/21", "G05B 19/418", "G01B 11/24"],
        terms: "工业机器人 数控机床 机器视觉 数字孪生 柔性产线 预测性维护 伺服电机 工业互联网 在线检测 激光焊接 增材制造 精密磨削 力传感器 可编程控制器 装配线平衡 刀具磨损 误差补偿 视觉引导抓取",
    },
    Field {
        name: "先进材料",
        industries: &["C265", "C3091", "C3240", "C3062", "C325", "C2614"],
        ipc: &["C08J 5/04", "C22C 14/00", "C01B 32/184", "C23C 4/10"],
        terms: "碳纤维 石墨烯 高温合金 陶瓷基复合材料 钛合金 纳米粉体 工程塑料 热障涂层 气凝胶 稀土永磁 耐蚀钢 超导带材 粉末冶金 光刻胶 分离膜 铝合金压铸 环氧树脂固化 表面改性",
    },
    Field {
        name: "信息技术",
        industries: &["I6511", "I6513", "I6520", "I6531", "C3973", "I65"],
        ipc: &["G06F 16/36", "G06N 3/08", "H04L 9/40", "G06T 7/00"],
        terms: "人工智能 大语言模型 知识图谱 云计算平台 分布式数据库 全文检索 推荐算法 隐私计算 区块链 入侵检测 边缘计算 自然语言处理 图像识别 嵌入式操作系统 芯片设计 语音识别 目标检测 数据治理",
    },
    Field {
        name: "生态环境",
        industries: &["D4620", "N7721", "N7722", "N7723", "C3591", "N77"],
        ipc: &["C02F 3/30", "B01D 53/86", "B09B 3/00", "B09C 1/08"],
        terms: "污水处理 烟气脱硝 固废资源化 土壤修复 碳捕集 反渗透膜 湿法脱硫 水质在线监测 垃圾焚烧 重金属吸附 催化氧化 厌氧氨氧化 节能改造 循环经济 挥发性有机物 高盐废水 污泥脱水 生态补偿",
    },
    Field {
        name: "现代农业",
        industries: &["A0111", "A0141", "A0412", "C132", "A05", "C357"],
        ipc: &["A01H 1/02", "A01G 25/16", "A23L 33/00", "A01K 61/10"],
        terms: "分子育种 智慧农业 水肥一体化 病虫害防治 设施栽培 农产品保鲜 冷链物流 饲料添加剂 盐碱地改良 植保无人机 稻虾共作 食品安全检测 种质资源 生物农药 采摘机器人 秸秆还田 畜禽粪污 茶叶加工",
    },
    Field {
        name: "海洋工程",
        industries: &["C3731", "C3737", "C3739", "D4630", "A0411", "C373"],
        ipc: &["B63B 35/44", "C02F 1/44", "B63C 11/52", "F03B 13/14"],
        terms: "海上风电基础 船体设计 水下机器人 海水淡化 防污涂料 深海探测 海洋生物活性物质 港口起重机 浮式平台 波浪能发电 侧扫声呐 海洋牧场 载人潜水器 系泊系统 船用柴油机 海底电缆 疲劳裂纹 水声通信",
    },
];

/// Words that go together.
pub(super) struct Topic {
    pub(super) field: &'static Field,
    words: Vec<&'static str>,
    weights: Weighted,
}

impl Topic {
    pub(super) fn word(&self, dice: &mut Dice) -> &'static str {
        self.words[self.weights.draw(dice)]
    }

    /// Different terms of the field.
    pub(super) fn terms(&self, dice: &mut Dice, count: usize) -> Vec<&'static str> {
        let mut terms: Vec<&'static str> = self.field.terms().collect();
        dice.shuffle(&mut terms);
        terms.truncate(count);
        terms
    }
}

/// All that texts are made of.
pub(super) struct Language {
    words: Vec<&'static str>,
    weights: Weighted,
    topics: Vec<Topic>,
    popularity: Weighted,
}

impl Language {
    /// The language of a seed: its topics differ from seed to seed.
    pub(super) fn new(seed: u64) -> Self {
        let rows: Vec<(&'static str, f64)> = WORDS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(word, count)| Some((word, count.parse().ok()?)))
            .collect();
        let content: Vec<(&'static str, f64)> = rows
            .iter()
            .skip(COMMON)
            .filter(|(word, count)| word.chars().nth(1).is_some() && *count >= 3.0)
            .map(|(word, count)| (*word, count.powf(0.6)))
            .collect();
        let drawn = Weighted::new(&content.iter().map(|row| row.1).collect::<Vec<_>>());
        let topic = |number: usize| {
            let dice = &mut Dice::new(seed, 0, number as u64);
            let field = &FIELDS[number % FIELDS.len()];
            let mut words: Vec<&'static str> = field.terms().collect();
            let size = words.len() + TOPIC_WORDS;
            while words.len() < size {
                let word = content[drawn.draw(dice)].0;
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            dice.shuffle(&mut words);
            let weights = Weighted::new(&falling(words.len(), 3.0, 0.85));
            Topic { field, words, weights }
        };
        Self {
            words: rows.iter().map(|row| row.0).collect(),
            weights: Weighted::new(&rows.iter().map(|row| row.1).collect::<Vec<_>>()),
            topics: (0..TOPICS).map(topic).collect(),
            popularity: Weighted::new(&falling(TOPICS, 8.0, 0.7)),
        }
    }

    /// A word of any text.
    pub(super) fn word(&self, dice: &mut Dice) -> &'static str {
        self.words[self.weights.draw(dice)]
    }

    /// A topic, popular ones more often.
    pub(super) fn topic(&self, dice: &mut Dice) -> &Topic {
        &self.topics[self.popularity.draw(dice)]
    }
}

/// Zipf-Mandelbrot weights (Mandelbrot 1953): 1/(rank + shift)^slope, ranks from 0.
fn falling(count: usize, shift: f64, slope: f64) -> Vec<f64> {
    (0..count).map(|rank| (rank as f64 + shift).powf(-slope)).collect()
}
