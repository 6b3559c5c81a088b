//! From a form of the right shape to a draft: the rules of each registry.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::checks::{Checks, clean};
use super::{
    AchievementForm, ContactForm, Draft, EnterpriseForm, ExpertForm, NeedForm, SocietyForm, StationForm,
    Unsaid,
};
use crate::{
    Achievement, AchievementType, Availability, Capacity, Consent, Contact, Enterprise, Expert, Inventor,
    Kind, Need, ProblemCode, Profile, Society, Station, StationType, UnifiedSocialCreditCode,
};

/// Longest names, titles and running texts, in characters.
const NAME: usize = 100;
const TITLE: usize = 300;
const TEXT: usize = 20_000;

/// Reads fields of the right shape. What it returns is of use only when nothing has been noted.
pub(super) fn draft(checks: &mut Checks, kind: Kind, fields: Map<String, Value>) -> Draft {
    match kind {
        Kind::Need => need(checks, fields),
        Kind::Enterprise => enterprise(checks, fields),
        Kind::Expert => expert(checks, fields),
        Kind::Station => station(checks, fields),
        Kind::Achievement => achievement(checks, fields),
        Kind::Society => society(checks, fields),
    }
}

/// The raw form. Its fields have the right shape; were one overlooked, the form is refused, in words that quote nothing.
fn raw<T: DeserializeOwned + Default>(checks: &mut Checks, fields: Map<String, Value>) -> T {
    serde_json::from_value(Value::Object(fields)).unwrap_or_else(|_| {
        checks.note_whole(ProblemCode::WrongType, "表单的结构不正确，请对照接口文档检查各字段的类型");
        T::default()
    })
}

fn envelope(
    checks: &mut Checks,
    external_id: Option<String>,
    status: Option<String>,
    contact: Option<ContactForm>,
    profile: Profile,
) -> Draft {
    Draft {
        external_id: checks.optional("external_id", external_id, 128),
        status: checks.parsed("status", status, ProblemCode::Format),
        profile,
        contact: contact.map(|form| self::contact(checks, form)),
        unsaid: Unsaid::default(),
    }
}

fn need(checks: &mut Checks, fields: Map<String, Value>) -> Draft {
    let form: NeedForm = raw(checks, fields);
    let need = Need {
        title: checks.required("title", form.title, TITLE),
        description: checks.text("description", form.description, TEXT),
        enterprise_name: checks.text("enterprise_name", form.enterprise_name, NAME),
        enterprise: checks.optional("enterprise", form.enterprise, 128),
        enterprise_code: credit_code(checks, "enterprise_code", form.enterprise_code),
        main_business: checks.text("main_business", form.main_business, 2000),
        enterprise_profile: checks.text("enterprise_profile", form.enterprise_profile, TEXT),
        website: website(checks, form.website),
        fields: technology(checks, form.fields),
        keywords: keywords(checks, form.keywords),
        region: checks.parsed("region", form.region, ProblemCode::NotInTable),
        industry: checks.parsed("industry", form.industry, ProblemCode::NotInTable),
        filed_by: checks.optional("filed_by", form.filed_by, NAME),
        filed_on: checks.date("filed_on", form.filed_on),
        valid_until: checks.date("valid_until", form.valid_until),
    };
    if let (Some(filed), Some(until)) = (need.filed_on, need.valid_until)
        && until < filed
    {
        checks.note("valid_until", None, ProblemCode::Contradiction, "有效期早于填报时间");
    }
    envelope(checks, form.external_id, form.status, form.contact, Profile::Need(need))
}

fn enterprise(checks: &mut Checks, fields: Map<String, Value>) -> Draft {
    let form: EnterpriseForm = raw(checks, fields);
    let enterprise = Enterprise {
        name: checks.required("name", form.name, NAME),
        code: credit_code(checks, "code", form.code),
        main_business: checks.text("main_business", form.main_business, 2000),
        profile: checks.text("profile", form.profile, TEXT),
        website: website(checks, form.website),
        fields: technology(checks, form.fields),
        industry: checks.parsed("industry", form.industry, ProblemCode::NotInTable),
        region: checks.parsed("region", form.region, ProblemCode::NotInTable),
    };
    envelope(checks, form.external_id, form.status, form.contact, Profile::Enterprise(enterprise))
}

fn expert(checks: &mut Checks, fields: Map<String, Value>) -> Draft {
    let form: ExpertForm = raw(checks, fields);
    let availability = checks.parsed("availability", form.availability, ProblemCode::Format);
    let consent = checks.parsed("consent", form.consent, ProblemCode::Format);
    let expert = Expert {
        name: checks.required("name", form.name, 50),
        professional_title: checks.text("professional_title", form.professional_title, 50),
        organisation: checks.text("organisation", form.organisation, NAME),
        research_directions: checks.list("research_directions", form.research_directions, 50, TITLE),
        keywords: keywords(checks, form.keywords),
        bio: checks.text("bio", form.bio, TEXT),
        projects: checks.list("projects", form.projects, 200, TITLE),
        fields: technology(checks, form.fields),
        industries: checks.parsed_list("industries", form.industries, 20),
        societies: checks.list("societies", form.societies, 20, NAME),
        region: checks.parsed("region", form.region, ProblemCode::NotInTable),
        travel_regions: checks.parsed_list("travel_regions", form.travel_regions, 50),
        capacity: capacity(checks, form.capacity_per_year, form.engaged_this_year),
        availability: availability.unwrap_or(Availability::Available),
        consent: consent.unwrap_or(Consent::Matching),
    };
    envelope(checks, form.external_id, form.status, form.contact, Profile::Expert(expert))
}

fn station(checks: &mut Checks, fields: Map<String, Value>) -> Draft {
    let form: StationForm = raw(checks, fields);
    let name = checks.required("name", form.name, NAME);
    let station_type = checks.parsed("station_type", form.station_type, ProblemCode::Format);
    let station = Station {
        name,
        station_type: station_type.unwrap_or(StationType::SocietyStation),
        host: checks.text("host", form.host, NAME),
        society: checks.text("society", form.society, NAME),
        fields: technology(checks, form.fields),
        industries: checks.parsed_list("industries", form.industries, 20),
        services: checks.list("services", form.services, 200, TITLE),
        keywords: keywords(checks, form.keywords),
        description: checks.text("description", form.description, TEXT),
        region: checks.parsed("region", form.region, ProblemCode::NotInTable),
        capacity: capacity(checks, form.capacity_per_year, form.engaged_this_year),
        founded_on: checks.date("founded_on", form.founded_on),
    };
    envelope(checks, form.external_id, form.status, form.contact, Profile::Station(station))
}

fn achievement(checks: &mut Checks, fields: Map<String, Value>) -> Draft {
    let form: AchievementForm = raw(checks, fields);
    let title = checks.required("title", form.title, TITLE);
    let achievement_type = checks.parsed("achievement_type", form.achievement_type, ProblemCode::Format);
    let maturity = checks.count("maturity", form.maturity, 1, 9);
    let achievement = Achievement {
        title,
        achievement_type: achievement_type.unwrap_or(AchievementType::Result),
        summary: checks.text("summary", form.summary, TEXT),
        keywords: keywords(checks, form.keywords),
        owner: checks.text("owner", form.owner, NAME),
        inventors: inventors(checks, form.inventors),
        maturity: maturity.and_then(|level| u8::try_from(level).ok()),
        ipc: checks.list("ipc", form.ipc, 20, 30),
        fields: technology(checks, form.fields),
        industries: checks.parsed_list("industries", form.industries, 20),
        region: checks.parsed("region", form.region, ProblemCode::NotInTable),
        published_on: checks.date("published_on", form.published_on),
    };
    envelope(checks, form.external_id, form.status, form.contact, Profile::Achievement(achievement))
}

fn society(checks: &mut Checks, fields: Map<String, Value>) -> Draft {
    let form: SocietyForm = raw(checks, fields);
    let society = Society {
        name: checks.required("name", form.name, NAME),
        code: credit_code(checks, "code", form.code),
        fields: technology(checks, form.fields),
        description: checks.text("description", form.description, TEXT),
        website: website(checks, form.website),
        region: checks.parsed("region", form.region, ProblemCode::NotInTable),
    };
    envelope(checks, form.external_id, form.status, form.contact, Profile::Society(society))
}

fn technology(checks: &mut Checks, values: Option<Vec<String>>) -> Vec<String> {
    checks.list("fields", values, 12, 30)
}

fn keywords(checks: &mut Checks, values: Option<Vec<String>>) -> Vec<String> {
    checks.list("keywords", values, 50, NAME)
}

fn capacity(checks: &mut Checks, per_year: Option<u32>, engaged: Option<u32>) -> Capacity {
    Capacity {
        per_year: checks.count("capacity_per_year", per_year, 0, 1000),
        engaged: checks.count("engaged_this_year", engaged, 0, 1000).unwrap_or_default(),
    }
}

fn credit_code(checks: &mut Checks, key: &str, value: Option<String>) -> Option<UnifiedSocialCreditCode> {
    let text = checks.optional(key, value, 40)?;
    text.parse().map_err(|(code, detail): (_, String)| checks.note(key, None, code, detail)).ok()
}

fn website(checks: &mut Checks, value: Option<String>) -> Option<String> {
    let text = checks.optional("website", value, 200)?;
    if !is_website(&text) {
        checks.note("website", None, ProblemCode::Format, "应为网址，如 https://www.example.com");
    }
    Some(text)
}

/// A host name with a dot, perhaps with http or https before it and a port and a path after it. Every other scheme is refused:
/// people click on what they are shown.
fn is_website(text: &str) -> bool {
    let scheme = |scheme: &str| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    };
    let rest = scheme("https://").or_else(|| scheme("http://")).unwrap_or(text);
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let port_fits = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`\\".contains(c);
    host.contains('.') && host.split('.').all(label) && port.is_none_or(port_fits) && !path.contains(odd)
}

fn inventors(checks: &mut Checks, values: Option<Vec<Inventor>>) -> Vec<Inventor> {
    let values = values.unwrap_or_default();
    if checks.too_many("inventors", values.len(), 50) {
        return Vec::new();
    }
    for (at, inventor) in values.iter().enumerate() {
        if clean(&inventor.name).is_empty() {
            checks.note("inventors", Some(at), ProblemCode::Missing, "完成人的姓名不能为空");
        }
        let too_long = inventor.name.chars().count() > 50
            || inventor.expert.as_ref().is_some_and(|id| id.chars().count() > 128);
        if too_long {
            checks.note(
                "inventors",
                Some(at),
                ProblemCode::TooLarge,
                "姓名最多 50 个字，外部编号最多 128 个字",
            );
        }
    }
    let tidy = |inventor: Inventor| Inventor {
        name: clean(&inventor.name),
        expert: inventor.expert.map(|id| clean(&id)).filter(|id| !id.is_empty()),
    };
    values.into_iter().map(tidy).collect()
}

fn contact(checks: &mut Checks, form: ContactForm) -> Contact {
    let mut given = |key, value: Option<String>| {
        let masked = value.as_deref().is_some_and(|value| value.contains(['*', '＊']));
        if masked {
            let detail = "这是脱敏后的内容，请填写完整内容；联系方式不变时，请整个省略 contact";
            checks.note(key, None, ProblemCode::Format, detail);
        }
        value.filter(|_| !masked)
    };
    let person = given("contact/person", form.person);
    let mobile_number = given("contact/mobile", form.mobile);
    let phone = given("contact/phone", form.phone);
    let fax = given("contact/fax", form.fax);
    let mailbox = given("contact/email", form.email);
    let address = given("contact/address", form.address);
    let code = given("contact/postcode", form.postcode);
    Contact {
        person: checks.optional("contact/person", person, 50),
        mobile: checks.private("contact/mobile", mobile_number, mobile, " 11 位手机号码"),
        phone: checks.private("contact/phone", phone, landline, "“区号-号码”，如 0550-3071234"),
        fax: checks.private("contact/fax", fax, landline, "“区号-号码”，如 0550-3071235"),
        email: checks.private("contact/email", mailbox, email, "电子邮箱，如 name@example.com"),
        address: checks.optional("contact/address", address, 200),
        postcode: checks.private("contact/postcode", code, postcode, " 6 位数字"),
    }
}

/// Full-width digits as plain ones, and without the decimals that a spreadsheet gives a number.
fn plain_digits(text: &str) -> String {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    let plain: String = text.chars().map(narrow).collect();
    plain.strip_suffix(".0").map_or(plain.clone(), str::to_owned)
}

/// Eleven digits from 13 to 19, perhaps written with +86, spaces or hyphens.
fn mobile(text: &str) -> Option<String> {
    let digits: String =
        plain_digits(text).chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}' | '\u{3000}')).collect();
    let digits = digits.strip_prefix("+86").or(digits.strip_prefix("0086")).unwrap_or(&digits);
    let valid = digits.len() == 11
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.starts_with('1')
        && digits.as_bytes()[1] >= b'3';
    valid.then(|| digits.to_owned())
}

/// Digits with an area code and an extension set off by hyphens; 7 to 20 digits, or a mobile number.
fn landline(text: &str) -> Option<String> {
    let plain: String = plain_digits(text)
        .chars()
        .map(|c| if matches!(c, '(' | ')' | '（' | '）' | '—' | '－' | ' ') { '-' } else { c })
        .collect();
    let parts: Vec<&str> =
        plain.trim_start_matches("+86").split('-').filter(|part| !part.is_empty()).collect();
    let digits: usize = parts.iter().map(|part| part.len()).sum();
    let valid = parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    (valid && (7..=20).contains(&digits) && parts.len() <= 3).then(|| parts.join("-"))
}

fn email(text: &str) -> Option<String> {
    let (user, host) = text.split_once('@')?;
    let word =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "._%+-".contains(c));
    let labels = host.split('.').collect::<Vec<_>>();
    let valid = word(user) && labels.len() >= 2 && labels.iter().all(|label| word(label));
    valid.then(|| text.to_owned())
}

fn postcode(text: &str) -> Option<String> {
    (text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}
