//! What the forms ask of texts and lists, as far as a schema can say it: the same bounds that `domain::forms` checks. Formats of the field (codes of
//! national standards, numbers of telephones) have names of their own, which tools that do not know them pass over.

use utoipa::openapi::schema::{ArrayItems, Components, Object, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Array, RefOr};

pub(super) const REGION: &str = "gb-t-2260";
pub(super) const INDUSTRY: &str = "gb-t-4754";
pub(super) const DIMENSION: &str = "dimension";
pub(super) const CURSOR: &str = "cursor";
pub(super) const TYPE_WORD: &str = "type-word";

/// Contacts that the service has masked are none to take back.
const UNMASKED: &str = "^[^*\u{ff0a}]*$";
/// An address of mail, in Latin or Chinese letters; the service takes those of other scripts as well. One that it has masked is none to take back.
const MAILBOX: &str = "^([A-Za-z0-9._%+\\-\\u4e00-\\u9fff]+@[A-Za-z0-9_%+\\-\\u4e00-\\u9fff]+(\\.[A-Za-z0-9_%+\\-\\u4e00-\\u9fff]+)+)?$";
/// Something to be seen: no white space or control character.
const VISIBLE: &str = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]";

/// Texts with a format, and single texts of a list, in any form.
const FORMATS: &[(&str, &str)] = &[
    ("region", REGION),
    ("regions", REGION),
    ("travel_regions", REGION),
    ("industry", INDUSTRY),
    ("industries", INDUSTRY),
    ("enterprise_code", "gb-32100"),
    ("code", "gb-32100"),
    ("filed_on", "calendar-date"),
    ("valid_until", "calendar-date"),
    ("founded_on", "calendar-date"),
    ("published_on", "calendar-date"),
    ("website", "website"),
    ("mobile", "mobile-number"),
    ("phone", "telephone-number"),
    ("fax", "telephone-number"),
    ("email", "mailbox"),
    ("postcode", "postcode"),
    ("status", "status-word"),
    ("station_type", "station-type-word"),
    ("achievement_type", "achievement-type-word"),
    ("availability", "availability-word"),
    ("consent", "consent-word"),
];

/// Characters of a text, or of each text of a list, at most. White space around it does not count.
const LONGEST: &[(&str, usize)] = &[
    ("external_id", 128),
    ("title", 300),
    ("name", 100),
    ("description", 20_000),
    ("profile", 20_000),
    ("enterprise_profile", 20_000),
    ("bio", 20_000),
    ("summary", 20_000),
    ("main_business", 2000),
    ("enterprise_name", 100),
    ("professional_title", 50),
    ("organisation", 100),
    ("host", 100),
    ("society", 100),
    ("owner", 100),
    ("person", 50),
    ("address", 200),
    ("fields", 30),
    ("ipc", 30),
    ("keywords", 100),
    ("societies", 100),
    ("research_directions", 300),
    ("projects", 300),
    ("services", 300),
    ("enterprise", 128),
    ("filed_by", 100),
    ("website", 200),
    ("of", 100),
    ("holder", 100),
    ("purpose", 200),
    ("reason", 200),
    ("comment", 2000),
    ("expert", 128),
];

/// Items of a list at most.
const MOST: &[(&str, usize)] = &[
    ("fields", 12),
    ("keywords", 50),
    ("research_directions", 50),
    ("projects", 200),
    ("industries", 20),
    ("societies", 20),
    ("travel_regions", 50),
    ("services", 200),
    ("ipc", 20),
    ("inventors", 50),
];

/// Texts that must not be blank.
const NEEDED: &[(&str, &str)] = &[
    ("NeedForm", "title"),
    ("EnterpriseForm", "name"),
    ("ExpertForm", "name"),
    ("StationForm", "name"),
    ("AchievementForm", "title"),
    ("SocietyForm", "name"),
    ("KeyForm", "holder"),
    ("CampaignForm", "name"),
    ("Inventor", "name"),
];

/// Says of every form what its texts and lists may be.
pub(super) fn refine(components: &mut Components) {
    for (name, schema) in &mut components.schemas {
        let RefOr::T(Schema::Object(form)) = schema else { continue };
        if name.ends_with("Form") || name == "Inventor" {
            for (field, property) in &mut form.properties {
                if let RefOr::T(property) = property {
                    refine_field(name, field, property);
                }
            }
        }
    }
}

fn refine_field(form: &str, field: &str, property: &mut Schema) {
    let of = |table: &[(&str, usize)]| table.iter().find(|(name, _)| *name == field).map(|(_, bound)| *bound);
    if let Schema::Array(list) = property {
        list.max_items = of(MOST).or(list.max_items);
        if field == "scopes" {
            list.min_items = Some(1);
        }
    }
    let Some(text) = text(property) else { return };
    text.max_length = of(LONGEST).or(text.max_length);
    if let Some((_, format)) = FORMATS.iter().find(|(name, _)| *name == field) {
        text.format = Some(SchemaFormat::Custom((*format).to_owned()));
    }
    if NEEDED.contains(&(form, field)) {
        text.pattern = Some(VISIBLE.to_owned());
    }
    match (form, field) {
        ("Inventor" | "ExpertForm", "name") => text.max_length = Some(50),
        ("ContactForm", "person" | "address") => text.pattern = Some(UNMASKED.to_owned()),
        ("ContactForm", "postcode") => text.pattern = Some("^([0-9]{6})?$".to_owned()),
        ("ContactForm", "email") => text.pattern = Some(MAILBOX.to_owned()),
        ("CampaignForm", "name") => text.max_length = Some(100),
        ("CampaignForm", "business_date") => {
            text.format = Some(SchemaFormat::Custom("calendar-date".to_owned()));
        }
        ("RevealForm", "purpose") => {
            text.pattern = Some(format!("{VISIBLE}.*{VISIBLE}"));
            text.min_length = Some(2);
        }
        _ => {}
    }
}

/// The text itself, or the texts of the list.
fn text(schema: &mut Schema) -> Option<&mut Object> {
    match schema {
        Schema::Object(object) => Some(object),
        Schema::Array(Array { items: ArrayItems::RefOrSchema(item), .. }) => match &mut **item {
            RefOr::T(Schema::Object(object)) => Some(object),
            _ => None,
        },
        _ => None,
    }
}

/// A text of a format.
pub(super) fn formatted(format: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom(format.to_owned())))
}
