package dev.nightjar.notebooks;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.knowm.xchart.internal.chartpart.Chart;

/** A chart as a PNG picture, or nothing where there was nothing to draw. */
public final class Figure implements Shown {
  /** Pixels a point, so that text stays sharp on dense screens and in print. */
  private static final int PIXELS = 2;

  static final Figure NONE = new Figure(Optional.empty());

  private final Optional<Chart<?, ?>> chart;

  private Figure(Optional<Chart<?, ?>> chart) {
    this.chart = chart;
  }

  /** Of any chart of XChart's. */
  public static Figure of(Chart<?, ?> chart) {
    return new Figure(Optional.of(chart));
  }

  @Override
  public boolean isEmpty() {
    return chart.isEmpty();
  }

  @Override
  public DisplayData shown() {
    if (chart.isEmpty()) {
      return new DisplayData("no figure");
    }
    Chart<?, ?> drawn = chart.get();
    BufferedImage image =
        new BufferedImage(
            drawn.getWidth() * PIXELS, drawn.getHeight() * PIXELS, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.scale(PIXELS, PIXELS);
    drawn.paint(graphics, drawn.getWidth(), drawn.getHeight());
    graphics.dispose();

    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", png);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    DisplayData data = new DisplayData("figure: " + drawn.getTitle());
    data.putData("image/png", Base64.getEncoder().encodeToString(png.toByteArray()));
    data.putMetaData("image/png", Map.of("width", drawn.getWidth()));
    return data;
  }
}
