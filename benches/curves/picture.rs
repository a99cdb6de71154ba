//! The curves of a growth as a picture of two panels, on white so that it can be read on any page.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use crate::axis::Axis;
use crate::float;
use crate::growth::{Growth, Panel};
use crate::verdict::Target;

type Drawn = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const SIZE: (u32, u32) = (1000, 420);
const FONT: &str = "sans-serif";
const LINE: u32 = 2;
const COLORS: [RGBColor; 2] = [RGBColor(31, 98, 180), RGBColor(200, 85, 0)];
const LIMIT: RGBColor = RGBColor(110, 110, 110);
const RULE: RGBColor = RGBColor(225, 225, 225);

pub(crate) fn draw(growth: &Growth, file: &Path) -> Drawn {
    let picture = SVGBackend::new(file, SIZE).into_drawing_area();
    picture.fill(&WHITE)?;
    for (area, panel) in picture.split_evenly((1, 2)).iter().zip(&growth.panels) {
        draw_panel(area, growth, panel)?;
    }
    picture.present()?;
    Ok(())
}

fn draw_panel(area: &Area<'_>, growth: &Growth, panel: &Panel) -> Drawn {
    let lines: Vec<_> = growth.lines(panel).collect();
    let limit = panel.target.and_then(Target::limit);
    let spreads = lines.iter().flat_map(|line| &line.points).map(|(_, spread)| spread);
    let figures: Vec<_> = spreads.flat_map(|spread| [spread.min, spread.max]).chain(limit).collect();
    let sizes = |sizes: &[u64]| sizes.iter().copied().map(float).collect::<Vec<_>>();
    let x = Axis::of_sizes(growth.unit, &sizes(&growth.sizes), sizes(&growth.ticks));
    let y = if panel.logarithmic { Axis::logarithmic } else { Axis::from_zero }(panel.unit, &figures);
    let ends = [x.range().start, x.range().end];

    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, (FONT, 19))
        .margin(12)
        .margin_right(24)
        .x_label_area_size(46)
        .y_label_area_size(76)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RULE)
        .label_style((FONT, 14))
        .x_desc(growth.name)
        .axis_desc_style((FONT, 15))
        .draw()?;
    if let Some(limit) = limit {
        let dashes = DashedLineSeries::new(ends.map(|x| (x, limit)), 6, 4, LIMIT.stroke_width(LINE));
        let name = format!("at most {}", panel.unit.show(limit));
        let key = |(x, y)| DashedPathElement::new([(x, y), (x + 20, y)], 6, 4, LIMIT.stroke_width(LINE));
        chart.draw_series(dashes)?.label(name).legend(key);
    }
    for (line, color) in lines.iter().zip(COLORS) {
        let medians = line.points.iter().map(|&(size, spread)| (float(size), spread.median));
        let series = LineSeries::new(medians, color.stroke_width(LINE)).point_size(3);
        chart.draw_series(series)?.label(line.name).legend(move |at| key(at, color));
        chart.draw_series(line.points.iter().map(|&(size, spread)| {
            let ends = [spread.min, spread.max].map(|figure| (float(size), figure));
            PathElement::new(ends, color)
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .margin(8)
        .label_font((FONT, 14))
        .background_style(WHITE)
        .border_style(RULE)
        .draw()?;
    Ok(())
}

/// What stands before a line's name.
fn key((x, y): (i32, i32), color: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 20, y)], color.stroke_width(LINE))
}
