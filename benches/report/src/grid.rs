//! Rows of text, in groups, set as columns.

/// How a table is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For a terminal: an empty line after each group.
    Plain,
    /// For a document.
    Markdown,
}

/// A table of `N` columns.
pub struct Grid<const N: usize> {
    head: [String; N],
    groups: Vec<Vec<[String; N]>>,
}

impl<const N: usize> Grid<N> {
    pub fn new(head: [&str; N]) -> Self {
        Self { head: head.map(str::to_owned), groups: Vec::new() }
    }

    /// Rows that belong together.
    pub fn group(&mut self, rows: impl IntoIterator<Item = [String; N]>) {
        self.groups.push(rows.into_iter().collect());
    }

    pub fn set(&self, style: Style) -> String {
        let widths = self.widths();
        let rule = widths.map(|width| "-".repeat(width));
        let mut text = line(&self.head, &widths, style) + &line(&rule, &widths, style);
        for group in &self.groups {
            text.extend(group.iter().map(|cells| line(cells, &widths, style)));
            if style == Style::Plain {
                text.push('\n');
            }
        }
        text
    }

    fn widths(&self) -> [usize; N] {
        std::array::from_fn(|column| {
            let rows = self.groups.iter().flatten().chain([&self.head]);
            rows.map(|cells| cells[column].chars().count()).max().unwrap_or(0)
        })
    }
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N], style: Style) -> String {
    let cells: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    match style {
        Style::Plain => format!("{}\n", cells.join("  ").trim_end()),
        Style::Markdown => format!("| {} |\n", cells.join(" | ")),
    }
}
