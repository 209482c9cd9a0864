import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** Runs a node from its own configuration and the settings that are arguments, until it is told to stop. */
public class Main {
  public static void main(String[] args) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (String arg : args) {
      String[] parts = arg.split("=", 2);
      settings.put(parts[0], parts[1]);
    }
    LogConfigurator.configureWithoutConfig(Settings.EMPTY);
    Path config = Path.of(settings.get("path.home"), "config");
    Environment environment = InternalSettingsPreparer.prepareEnvironment(Settings.EMPTY, settings, config, () -> "unnamed");
    PluginsLoader loader = PluginsLoader.createPluginsLoader(
        PluginsLoader.loadModulesBundles(environment.modulesDir(), false),
        PluginsLoader.loadPluginsBundles(environment.pluginsDir(), false), Map.of(), false);
    Node node = new Node(environment, loader);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        node.close();
      } catch (Exception e) {
        e.printStackTrace();
      }
    }));
    node.start();
    System.out.println("started");
    Thread.currentThread().join();
  }
}
