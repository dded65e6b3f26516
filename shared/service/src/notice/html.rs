//! A notice as HTML, from the same words as the text.
//!
//! Nothing is fetched and nothing can be clicked: no image, style sheet, script, form or link. No colour of text or ground is set, and the
//! page says that it takes both schemes, so that a program in dark mode shows its own.

use keyward_domain::Tenant;

use super::{CLOSING, Told};

const CELL: &str = "text-align:left;vertical-align:top;padding:4px 12px 4px 0;border-bottom:1px solid #888";

/// The whole document.
pub(super) fn of(subject: &str, tenant: &Tenant, told: &[Told], affected: &[String]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n</head>\n\
         <body style=\"font-family:sans-serif;line-height:1.4\">\n<p>Tenant: <strong>{}</strong> ({})</p>\n",
        escaped(subject),
        escaped(tenant.name.as_str()),
        escaped(tenant.id.as_str())
    );
    for told in told {
        page.push_str(&table(told));
    }
    if !affected.is_empty() {
        page.push_str("<p>Environments:</p>\n<ul>\n");
        for line in affected {
            page.push_str(&format!("<li>{}</li>\n", escaped(line)));
        }
        page.push_str("</ul>\n");
    }
    page.push_str(&format!("<p>{}</p>\n</body>\n</html>\n", escaped(&CLOSING.join(" "))));
    page
}

fn table(told: &Told) -> String {
    let row = |(label, value): &(&str, String)| {
        let value = escaped(value);
        format!("<tr><th scope=\"row\" style=\"{CELL}\">{label}</th><td style=\"{CELL}\">{value}</td></tr>\n")
    };
    let rows: String = told.rows.iter().map(row).collect();
    format!("<table style=\"border-collapse:collapse;margin:0 0 16px\">\n{rows}</table>\n")
}

/// The text so that it stands as itself, in a text as in an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_named_stands_as_itself() {
        assert_eq!(
            escaped(r#"<img src="https://evil.example/x"> & 'Zürich'"#),
            "&lt;img src=&quot;https://evil.example/x&quot;&gt; &amp; &#39;Zürich&#39;"
        );
    }

    #[test]
    fn a_table_has_a_row_for_each_part_of_the_notice() {
        let labels = ["What", "Who", "When", "Effect", "Undo"];
        let table = table(&Told { rows: labels.map(|label| (label, format!("<{label}>"))) });
        for label in labels {
            let has = |text: String| table.contains(&text);
            assert!(has(format!(">{label}</th>")) && has(format!(">&lt;{label}&gt;</td>")), "{table}");
        }
        for banned in ["<a", "<img", "http", "url(", "color:", "background"] {
            assert!(!table.contains(banned), "{banned}");
        }
    }
}
