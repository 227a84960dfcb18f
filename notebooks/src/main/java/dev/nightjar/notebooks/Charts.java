package dev.nightjar.notebooks;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.AxesChartStyler.TextAlignment;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The figures that the notebooks draw, all in one style. */
public final class Charts {
  private static final int WIDTH = 860;
  private static final int HEIGHT = 440;

  /** Paul Tol's muted scheme and three more: told apart by colour-blind readers too. */
  private static final Color[] COLORS = {
    new Color(0x4477AA),
    new Color(0xDDCC77),
    new Color(0x117733),
    new Color(0xCC6677),
    new Color(0x88CCEE),
    new Color(0x882255),
    new Color(0x44AA99),
    new Color(0x332288),
    new Color(0xEE8866),
    new Color(0x999933),
    new Color(0xAA4499),
    new Color(0x777777),
  };

  private static final Color WHOLE = new Color(0x777777);
  private static final Color SAVED = new Color(0x228833);
  private static final Color LOST = new Color(0xEE6677);
  private static final Color NOWHERE = new Color(0, 0, 0, 0);

  private Charts() {}

  /** One bar a category, made of the values of its series; rows in long form. */
  public static Figure stacked(
      String title, String unit, Rows rows, String category, String series, String value) {
    Set<String> categories = new LinkedHashSet<>();
    Map<String, Map<String, BigDecimal>> values = new LinkedHashMap<>();
    for (Row row : rows) {
      categories.add(row.text(category));
      values
          .computeIfAbsent(row.text(series), name -> new LinkedHashMap<>())
          .merge(row.text(category), row.number(value), BigDecimal::add);
    }
    if (values.isEmpty()) {
      return Figure.NONE;
    }
    CategoryChart chart = categoryChart(title, unit, true, categories);
    values.forEach(
        (name, ofCategory) ->
            chart.addSeries(
                name,
                List.copyOf(categories),
                categories.stream()
                    .map(each -> pixel(ofCategory.getOrDefault(each, BigDecimal.ZERO)))
                    .toList()));
    return Figure.of(chart);
  }

  /** A group of bars a row, one for each of the columns. */
  public static Figure grouped(
      String title, String unit, Rows rows, String category, String... columns) {
    if (rows.isEmpty()) {
      return Figure.NONE;
    }
    List<String> labels = rows.stream().map(row -> row.text(category)).toList();
    CategoryChart chart = categoryChart(title, unit, false, labels);
    for (String column : columns) {
      chart.addSeries(
          column.replaceFirst("_usd$", "").replace('_', ' '),
          labels,
          rows.stream().map(row -> pixel(row.number(column))).toList());
    }
    chart.getStyler().setLegendVisible(columns.length > 1);
    return Figure.of(chart);
  }

  /**
   * From a whole to what is left of it, a bar a step. A step that took from the whole is green, one
   * that added to it red.
   *
   * @param from the label of the whole, and its amount
   * @param steps in their order, each with what it takes off
   * @param to the label of what is left
   */
  public static Figure waterfall(
      String title,
      String unit,
      String from,
      BigDecimal whole,
      Rows steps,
      String step,
      String taken,
      String to) {
    if (steps.isEmpty()) {
      return Figure.NONE;
    }
    List<String> labels = new ArrayList<>(List.of(from));
    List<Double> ends = new ArrayList<>(List.of(whole.doubleValue()));
    List<Double> under = new ArrayList<>(List.of(0.0));
    List<Double> saved = new ArrayList<>(List.of(0.0));
    List<Double> lost = new ArrayList<>(List.of(0.0));
    BigDecimal left = whole;
    for (Row row : steps) {
      BigDecimal amount = row.number(taken);
      BigDecimal before = left;
      left = left.subtract(amount);
      labels.add(row.text(step));
      ends.add(0.0);
      under.add(left.min(before).doubleValue());
      saved.add(amount.max(BigDecimal.ZERO).doubleValue());
      lost.add(amount.negate().max(BigDecimal.ZERO).doubleValue());
    }
    labels.add(to);
    ends.add(left.doubleValue());
    Stream.of(under, saved, lost).forEach(list -> list.add(0.0));

    CategoryChart chart = categoryChart(title, unit, true, labels);
    chart.addSeries("under", labels, under).setFillColor(NOWHERE).setShowInLegend(false);
    chart.addSeries("whole", labels, ends).setFillColor(WHOLE).setShowInLegend(false);
    chart.addSeries("saved", labels, saved).setFillColor(SAVED);
    chart.addSeries("cost more", labels, lost).setFillColor(LOST);
    return Figure.of(chart);
  }

  /** A mark for each row, in the colour of its series; of values from 0 to 1, in long form. */
  public static Figure points(
      String title, String unit, Rows rows, String category, String series, String value) {
    if (rows.isEmpty()) {
      return Figure.NONE;
    }
    List<String> labels = rows.stream().map(row -> row.text(category)).distinct().toList();
    CategoryChart chart = categoryChart(title, unit, false, labels);
    chart.getStyler().setDefaultSeriesRenderStyle(CategorySeriesRenderStyle.Scatter);
    chart.getStyler().setYAxisMin(0.0).setYAxisMax(1.0);
    chart.getStyler().setOverlapped(true);
    rows.stream()
        .collect(groupingBy(row -> row.text(series), LinkedHashMap::new, toList()))
        .forEach(
            (name, ofSeries) -> {
              Map<String, Double> at = new HashMap<>();
              ofSeries.forEach(row -> at.put(row.text(category), pixel(row.number(value))));
              // XChart leaves a null out.
              chart
                  .addSeries(name, labels, labels.stream().map(at::get).collect(toList()))
                  .setMarker(SeriesMarkers.CIRCLE);
            });
    return Figure.of(chart);
  }

  /**
   * A point with its interval a category, and the bound that it should stay under. Rows without a
   * value are left out.
   */
  public static Figure intervals(
      String title,
      String unit,
      Rows rows,
      String category,
      String value,
      String low,
      String high,
      String bound) {
    List<Row> known = rows.stream().filter(row -> row.has(value)).toList();
    if (known.isEmpty()) {
      return Figure.NONE;
    }
    List<String> labels = known.stream().map(row -> row.text(category)).toList();
    CategoryChart chart = categoryChart(title, unit, false, labels);
    chart.getStyler().setDefaultSeriesRenderStyle(CategorySeriesRenderStyle.Scatter);
    chart.getStyler().setErrorBarsColorSeriesColor(true);
    chart.getStyler().setOverlapped(true); // or the marks of one row stand side by side

    // XChart's bars reach as far up as down, and a Wilson interval does not: drawn about its
    // middle.
    CategorySeries interval =
        chart.addSeries(
            "interval",
            labels,
            known.stream().map(row -> half(row.number(low).add(row.number(high)))).toList(),
            known.stream().map(row -> half(row.number(high).subtract(row.number(low)))).toList());
    interval.setMarker(SeriesMarkers.NONE).setLineColor(COLORS[0]).setShowInLegend(false);
    chart
        .addSeries(
            "observed, 95 % interval",
            labels, known.stream().map(row -> pixel(row.number(value))).toList())
        .setMarker(SeriesMarkers.CIRCLE)
        .setMarkerColor(COLORS[0]);
    if (known.stream().allMatch(row -> row.has(bound))) {
      chart
          .addSeries(
              "allowed", labels, known.stream().map(row -> pixel(row.number(bound))).toList())
          .setMarker(SeriesMarkers.DIAMOND)
          .setMarkerColor(LOST);
    }
    return Figure.of(chart);
  }

  /** Curves over logarithmic axes, to which a reader adds with {@link #curve} and {@link #mark}. */
  public static XYChart logarithmic(String title, String xUnit, String yUnit) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(xUnit)
            .yAxisTitle(yUnit)
            .build();
    style(chart.getStyler());
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setYAxisLogarithmic(true);
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setSeriesColors(COLORS);
    return chart;
  }

  /** One more curve, through points that are all above 0. */
  public static void curve(XYChart chart, String name, List<BigDecimal> x, List<BigDecimal> y) {
    chart
        .addSeries(
            name, x.stream().map(Charts::pixel).toList(), y.stream().map(Charts::pixel).toList())
        .setMarker(SeriesMarkers.NONE);
  }

  /** A dashed upright line at one value, from the least to the greatest value of the curves. */
  public static void mark(
      XYChart chart, String name, BigDecimal x, BigDecimal low, BigDecimal high) {
    XYSeries line =
        chart.addSeries(name, Collections.nCopies(2, pixel(x)), List.of(pixel(low), pixel(high)));
    line.setMarker(SeriesMarkers.NONE);
    line.setLineStyle(
        new BasicStroke(2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_BEVEL, 0, new float[] {6, 4}, 0));
  }

  private static CategoryChart categoryChart(
      String title, String unit, boolean isStacked, Iterable<String> labels) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .yAxisTitle(unit)
            .build();
    style(chart.getStyler());
    chart.getStyler().setSeriesColors(COLORS);
    chart.getStyler().setStacked(isStacked);
    chart.getStyler().setAvailableSpaceFill(0.6);
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    int letters = 0;
    for (String label : labels) {
      letters += label.length();
    }
    // About as many letters fit side by side under the bars; more of them overlap.
    if (letters > 70) {
      chart.getStyler().setXAxisLabelRotation(40);
      chart.getStyler().setXAxisLabelAlignment(TextAlignment.Right);
    }
    return chart;
  }

  private static void style(AxesChartStyler styler) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridLinesColor(new Color(0xE0E0E0));
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setChartTitleBoxVisible(false);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    styler.setLegendBorderColor(Color.WHITE);
    styler.setLegendLayout(LegendLayout.Vertical);
  }

  private static double half(BigDecimal amount) {
    return amount.doubleValue() / 2;
  }

  private static double pixel(BigDecimal amount) {
    return amount.doubleValue();
  }
}
