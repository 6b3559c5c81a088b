//! One record of each registry, as a line of the import format. Every record depends on the seed and its number only.

use serde::Serialize;

use super::Plan;
use super::dice::Dice;
use super::people::{self, Places};
use super::prose::{self, BIO, DEMAND, STATION, SUMMARY};
use super::topics::{Language, Topic};

/// Streams of draws; topics have stream 0.
const EXPERT: u64 = 1;
const NEED: u64 = 2;
const STATION_STREAM: u64 = 3;
const ACHIEVEMENT: u64 = 4;

const SCHOOLS: &[&str] = &[
    "理工大学",
    "工业大学",
    "科技大学",
    "农业大学",
    "医科大学",
    "师范大学",
    "技术研究院",
    "研究所",
    "设计院",
];
const FIRMS: &[&str] = &[
    "科技有限公司",
    "新材料有限公司",
    "智能装备有限公司",
    "生物科技有限公司",
    "环保工程有限公司",
    "电子有限公司",
    "机械制造有限公司",
    "农业发展有限公司",
];
const HOSTS: &[&str] = &["经济开发区管委会", "高新区管委会", "产业园", "科技企业孵化器", "产业技术研究院"];
const TITLES: &[&str] = &["教授", "副教授", "研究员", "副研究员", "正高级工程师", "高级工程师", "工程师"];
const SERVICES: &[&str] =
    &["工艺诊断", "技术咨询", "检验检测", "人员培训", "成果推介", "标准制定", "联合攻关"];
const DEMANDS: &[&str] = &["技术需求", "工艺改进", "关键技术攻关", "在线检测难题", "国产化替代", "成本控制"];
const WORKS: &[&str] = &["方法", "装置及其控制方法", "制备工艺研究", "关键技术及应用", "系统", "机理研究"];

/// What the records of a plan are made of.
pub(super) struct Maker<'a> {
    plan: &'a Plan,
    language: Language,
    places: Places,
}

#[derive(Serialize)]
struct Expert<'a> {
    external_id: String,
    name: &'a str,
    professional_title: &'a str,
    organisation: &'a str,
    research_directions: Vec<&'static str>,
    keywords: Vec<&'static str>,
    bio: String,
    projects: Vec<String>,
    fields: [&'a str; 1],
    industries: [&'a str; 2],
    societies: [String; 1],
    region: &'a str,
    travel_regions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_per_year: Option<usize>,
    engaged_this_year: usize,
    availability: &'a str,
    consent: &'a str,
    contact: Contact<'a>,
}

#[derive(Serialize)]
struct Need<'a> {
    external_id: String,
    status: &'a str,
    title: String,
    description: String,
    enterprise_name: String,
    keywords: Vec<&'static str>,
    fields: [&'a str; 1],
    industry: &'a str,
    region: &'a str,
    filed_on: String,
    valid_until: String,
    contact: Contact<'a>,
}

#[derive(Serialize)]
struct Station<'a> {
    external_id: String,
    name: String,
    station_type: &'a str,
    host: String,
    society: String,
    fields: [&'a str; 1],
    industries: [&'a str; 2],
    services: Vec<String>,
    keywords: Vec<&'static str>,
    description: String,
    region: &'a str,
    capacity_per_year: usize,
    engaged_this_year: usize,
    founded_on: String,
}

#[derive(Serialize)]
struct Achievement<'a> {
    external_id: String,
    title: String,
    achievement_type: &'a str,
    summary: String,
    keywords: Vec<&'static str>,
    owner: String,
    inventors: Vec<Inventor>,
    maturity: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ipc: Vec<&'a str>,
    fields: [&'a str; 1],
    industries: [&'a str; 2],
    region: &'a str,
    published_on: String,
}

#[derive(Serialize)]
struct Inventor {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert: Option<String>,
}

#[derive(Serialize)]
struct Contact<'a> {
    person: &'a str,
    mobile: String,
    email: String,
}

/// Who an expert is: what achievements need to know of their inventor.
struct Identity<'a> {
    name: String,
    organisation: String,
    region: &'static str,
    topics: [&'a Topic; 2],
}

impl<'a> Maker<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, language: Language::new(plan.seed), places: Places::new() }
    }

    pub(super) fn expert(&self, number: u64, line: &mut Vec<u8>) -> serde_json::Result<()> {
        let dice = &mut Dice::new(self.plan.seed, EXPERT, number);
        let who = self.identity(dice);
        let field = who.topics[0].field;
        let capacity = dice.chance(70).then(|| dice.between(1, 6));
        let length = dice.between(150, 400);
        let expert = Expert {
            external_id: expert_id(number),
            name: &who.name,
            professional_title: dice.pick(TITLES),
            organisation: &who.organisation,
            research_directions: {
                let count = dice.between(1, 3);
                who.topics[0].terms(dice, count)
            },
            keywords: words(who.topics, 5, dice),
            bio: prose::text(&self.language, &BIO, who.topics, length, dice),
            projects: (0..dice.below(3)).map(|_| prose::title(who.topics[1], WORKS, dice)).collect(),
            fields: [field.name],
            industries: industries(who.topics, dice),
            societies: [people::house(&["学会"], dice)],
            region: who.region,
            travel_regions: self.places.travel(who.region, dice),
            capacity_per_year: capacity,
            engaged_this_year: dice.below(capacity.unwrap_or(3) + 1),
            availability: by_share(&[(90, "available"), (7, "limited"), (3, "unavailable")], dice),
            consent: by_share(&[(92, "matching"), (5, "matching_and_contact"), (3, "none")], dice),
            contact: contact(&who.name, 'e', number),
        };
        serde_json::to_writer(line, &expert)
    }

    pub(super) fn need(&self, number: u64, line: &mut Vec<u8>) -> serde_json::Result<()> {
        let dice = &mut Dice::new(self.plan.seed, NEED, number);
        let topics = self.topics(dice);
        // One need in ten comes with the whole story.
        let length = if dice.chance(10) { dice.between(400, 1500) } else { dice.between(60, 200) };
        let (year, day) = (dice.between(2024, 2026), day_of_year(dice));
        let person = people::person(dice);
        let need = Need {
            external_id: format!("XQ-{:07}", number + 1),
            status: by_share(&[(93, "open"), (5, "closed"), (2, "withdrawn")], dice),
            title: prose::title(topics[0], DEMANDS, dice),
            description: prose::text(&self.language, &DEMAND, topics, length, dice),
            enterprise_name: people::house(FIRMS, dice),
            keywords: words(topics, 3, dice),
            fields: [topics[0].field.name],
            industry: dice.pick(topics[0].field.industries),
            region: self.places.county(dice),
            filed_on: format!("{year}-{day}"),
            valid_until: format!("{}-{day}", year + 2),
            contact: contact(&person, 'n', number),
        };
        serde_json::to_writer(line, &need)
    }

    pub(super) fn station(&self, number: u64, line: &mut Vec<u8>) -> serde_json::Result<()> {
        let dice = &mut Dice::new(self.plan.seed, STATION_STREAM, number);
        let topics = self.topics(dice);
        let length = dice.between(150, 400);
        let host = people::house(HOSTS, dice);
        let capacity = dice.between(3, 20);
        let kinds = [(70, "society_station"), (20, "expert_workstation"), (10, "transfer_centre")];
        let station = Station {
            external_id: format!("FWZ-{:07}", number + 1),
            name: format!("{host}{}服务站", topics[0].terms(dice, 1)[0]),
            station_type: by_share(&kinds, dice),
            society: people::house(&["学会"], dice),
            fields: [topics[0].field.name],
            industries: industries(topics, dice),
            services: (0..dice.between(1, 4))
                .map(|_| format!("{}{}", topics[0].terms(dice, 1)[0], dice.pick(SERVICES)))
                .collect(),
            keywords: words(topics, 4, dice),
            description: prose::text(&self.language, &STATION, topics, length, dice),
            region: self.places.county(dice),
            capacity_per_year: capacity,
            engaged_this_year: dice.below(capacity + 1),
            founded_on: format!("{}-{}", dice.between(2015, 2025), day_of_year(dice)),
            host,
        };
        serde_json::to_writer(line, &station)
    }

    pub(super) fn achievement(&self, number: u64, line: &mut Vec<u8>) -> serde_json::Result<()> {
        let dice = &mut Dice::new(self.plan.seed, ACHIEVEMENT, number);
        let inventor = self.inventor(number);
        let who = match inventor {
            Some(expert) => self.identity(&mut Dice::new(self.plan.seed, EXPERT, expert)),
            None => self.identity(dice),
        };
        let field = who.topics[0].field;
        let mut inventors = vec![Inventor { name: who.name, expert: inventor.map(expert_id) }];
        for _ in 0..dice.below(3) {
            inventors.push(Inventor { name: people::person(dice), expert: None });
        }
        let kind = by_share(&[(45, "patent"), (35, "paper"), (20, "result")], dice);
        let length = dice.between(150, 400);
        let achievement = Achievement {
            external_id: format!("CG-{:07}", number + 1),
            title: prose::title(who.topics[0], WORKS, dice),
            achievement_type: kind,
            summary: prose::text(&self.language, &SUMMARY, who.topics, length, dice),
            keywords: words(who.topics, 4, dice),
            owner: who.organisation,
            inventors,
            maturity: dice.between(1, 9),
            ipc: if kind == "patent" { vec![dice.pick(field.ipc)] } else { Vec::new() },
            fields: [field.name],
            industries: industries(who.topics, dice),
            region: who.region,
            published_on: format!("{}-{}", dice.between(2015, 2025), day_of_year(dice)),
        };
        serde_json::to_writer(line, &achievement)
    }

    /// The first draws of an expert's stream.
    fn identity(&self, dice: &mut Dice) -> Identity<'_> {
        Identity {
            name: people::person(dice),
            organisation: people::house(SCHOOLS, dice),
            region: self.places.county(dice),
            topics: self.topics(dice),
        }
    }

    /// Two texts in five mix two topics.
    fn topics(&self, dice: &mut Dice) -> [&Topic; 2] {
        let first = self.language.topic(dice);
        [first, if dice.chance(40) { self.language.topic(dice) } else { first }]
    }

    /// Whose achievement it is: spread over all experts, none twice before each has one.
    fn inventor(&self, number: u64) -> Option<u64> {
        let experts = self.plan.experts;
        // A stride near the golden section that shares no factor with the count visits every expert once a round.
        let mut stride = (experts as f64 * 0.618) as u64 | 1;
        while experts > 1 && common_factor(stride, experts) > 1 {
            stride += 2;
        }
        let place = u128::from(number) * u128::from(stride);
        (experts > 0).then(|| (place % u128::from(experts)) as u64)
    }
}

const fn common_factor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_factor(b, a % b) }
}

fn expert_id(number: u64) -> String {
    format!("ZJ-{:07}", number + 1)
}

fn contact(person: &str, mark: char, number: u64) -> Contact<'_> {
    Contact {
        person,
        mobile: format!("1380000{:04}", number % 10_000),
        email: format!("{mark}{number}@example.com"),
    }
}

fn words(topics: [&Topic; 2], count: usize, dice: &mut Dice) -> Vec<&'static str> {
    let mut words = topics[0].terms(dice, 2);
    words.extend((2..count).map(|at| topics[at % 2].word(dice)));
    words
}

fn industries(topics: [&Topic; 2], dice: &mut Dice) -> [&'static str; 2] {
    topics.map(|topic| dice.pick(topic.field.industries))
}

fn day_of_year(dice: &mut Dice) -> String {
    format!("{:02}-{:02}", dice.between(1, 12), dice.between(1, 28))
}

/// One of the values, whose shares add up to 100.
fn by_share(values: &[(usize, &'static str)], dice: &mut Dice) -> &'static str {
    let mut draw = dice.below(100);
    for &(share, value) in values {
        if draw < share {
            return value;
        }
        draw -= share;
    }
    values[0].1
}
