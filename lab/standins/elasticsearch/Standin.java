package org.elasticsearch.xpack.fleetman; // the server lets only such a one say who asks

import static org.elasticsearch.rest.RestRequest.Method.GET;
import static org.elasticsearch.rest.RestRequest.Method.POST;
import static org.elasticsearch.rest.RestRequest.Method.PUT;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.IndicesRequest;
import org.elasticsearch.action.admin.indices.create.AutoCreateAction;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.action.bulk.BulkItemRequest;
import org.elasticsearch.action.bulk.BulkShardRequest;
import org.elasticsearch.action.support.ActionFilter;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.ClusterStateUpdateTask;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.DataStreamLifecycle;
import org.elasticsearch.cluster.metadata.ProjectId;
import org.elasticsearch.cluster.metadata.ProjectMetadata;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.network.NetworkService;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.BigArrays;
import org.elasticsearch.common.util.PageCacheRecycler;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.http.HttpPreRequest;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.http.netty4.Netty4HttpServerTransport;
import org.elasticsearch.indices.breaker.CircuitBreakerService;
import org.elasticsearch.plugins.NetworkPlugin;
import org.elasticsearch.plugins.interceptor.RestServerActionPlugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestInterceptor;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.telemetry.TelemetryProvider;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.transport.Transport;
import org.elasticsearch.transport.netty4.Netty4Plugin;
import org.elasticsearch.transport.netty4.SharedGroupFactory;
import org.elasticsearch.transport.netty4.TLSConfig;
import org.elasticsearch.xcontent.NamedXContentRegistry;
import org.elasticsearch.xcontent.XContentParser;
import org.elasticsearch.xpack.core.XPackPlugin;
import org.elasticsearch.xpack.core.security.action.role.PutRoleRequestBuilder;
import org.elasticsearch.xpack.core.security.action.user.PutUserRequestBuilder;
import org.elasticsearch.xpack.core.security.authc.support.Hasher;
import org.elasticsearch.xpack.core.security.authz.RestrictedIndices;
import org.elasticsearch.xpack.core.security.authz.permission.FieldPermissionsCache;
import org.elasticsearch.xpack.core.security.authz.permission.Role;
import org.elasticsearch.xpack.core.security.authz.store.ReservedRolesStore;
import org.elasticsearch.xpack.core.security.support.Exceptions;

/**
 * What Maven Central has not of Elasticsearch's default distribution, as far as the setup of fleetman's logs needs it: the modules
 * x-pack-security and data-streams. Requests are read, roles are judged and TLS is set up by x-pack-core, data streams are made by
 * the server itself; what is written here is only who is asked when. Users and roles are kept in memory.
 */
public class Standin extends XPackPlugin implements NetworkPlugin, RestServerActionPlugin {
  private static final String USER = "_fleetman_user";

  private final Netty4Plugin netty = new Netty4Plugin();
  private final Map<String, char[]> passwords = new ConcurrentHashMap<>();
  private final Map<String, Role> roles = new ConcurrentHashMap<>();
  private final Map<String, Role> users = new ConcurrentHashMap<>();
  private final FieldPermissionsCache cache = new FieldPermissionsCache(Settings.EMPTY);
  private ThreadPool threads;
  private ClusterService cluster;
  private RestrictedIndices restricted;

  public Standin(Settings settings) {
    super(settings);
    // As the keystore's bootstrap.password.
    passwords.put("elastic", Hasher.BCRYPT4.hash(new SecureString(System.getenv("BOOTSTRAP_PASSWORD").toCharArray())));
  }

  @Override
  public Collection<?> createComponents(PluginServices services) {
    threads = services.threadPool();
    cluster = services.clusterService();
    restricted = new RestrictedIndices(services.indexNameExpressionResolver());
    new ReservedRolesStore(); // without it no role is judged
    return super.createComponents(services);
  }

  @Override
  public List<Setting<?>> getSettings() {
    List<Setting<?>> all = new ArrayList<>(super.getSettings());
    all.addAll(netty.getSettings());
    all.add(Setting.boolSetting("ingest.geoip.downloader.enabled", true, Setting.Property.NodeScope)); // of another module
    return all;
  }

  @Override
  public Settings additionalSettings() {
    return Settings.builder().put(super.additionalSettings()).put(netty.additionalSettings()).build();
  }

  @Override
  public Map<String, Supplier<Transport>> getTransports(Settings settings, ThreadPool threads, PageCacheRecycler pages,
      CircuitBreakerService breakers, NamedWriteableRegistry names, NetworkService network) {
    return netty.getTransports(settings, threads, pages, breakers, names, network);
  }

  @Override
  public Map<String, Supplier<HttpServerTransport>> getHttpTransports(Settings settings, ThreadPool threads, BigArrays arrays,
      PageCacheRecycler pages, CircuitBreakerService breakers, NamedXContentRegistry names, NetworkService network,
      HttpServerTransport.Dispatcher dispatcher, BiConsumer<HttpPreRequest, ThreadContext> context, ClusterSettings clusterSettings,
      TelemetryProvider telemetry) {
    return Map.of(Netty4Plugin.NETTY_HTTP_TRANSPORT_NAME, () -> new Netty4HttpServerTransport(settings, network, threads, names,
        dispatcher, clusterSettings, new SharedGroupFactory(settings), telemetry,
        new TLSConfig(getSslService().profile("xpack.security.http.ssl")::engine), null, null) {
      @Override
      protected void populatePerRequestThreadContext(RestRequest request, ThreadContext threadContext) {
        context.accept(request.getHttpRequest(), threadContext);
      }
    });
  }

  /** Who asks. */
  @Override
  public RestInterceptor getRestHandlerInterceptor(ThreadContext context) {
    return (request, channel, handler, listener) -> {
      String header = request.header("Authorization");
      if (header != null && header.startsWith("Basic ")) {
        String[] login = new String(Base64.getDecoder().decode(header.substring(6)), StandardCharsets.UTF_8).split(":", 2);
        char[] hash = passwords.get(login[0]);
        if (hash != null && Hasher.BCRYPT4.verify(new SecureString(login[1].toCharArray()), hash)) {
          context.putTransient(USER, login[0]);
          listener.onResponse(true);
          return;
        }
      }
      listener.onFailure(Exceptions.authenticationError("unable to authenticate for REST request [" + request.uri() + "]"));
    };
  }

  /** Who may do what, in the order of x-pack-security's AuthorizationService. */
  @Override
  public Collection<ActionFilter> getActionFilters() {
    return List.of(new ActionFilter.Simple() {
      @Override
      public int order() {
        return Integer.MIN_VALUE;
      }

      @Override
      protected boolean apply(String action, ActionRequest request, ActionListener<?> listener) {
        String user = threads.getThreadContext().getTransient(USER);
        if (user == null || user.equals("elastic") || action.startsWith("internal:")) {
          return true;
        }
        Role role = users.get(user);
        if (role != null && allowed(role, action, request)) {
          return true;
        }
        listener.onFailure(Exceptions.authorizationError("action [" + action + "] is unauthorized for user [" + user + "]"));
        return false;
      }
    });
  }

  private boolean allowed(Role role, String action, ActionRequest request) {
    if (action.startsWith("cluster:") || action.startsWith("indices:admin/template/") || action.startsWith("indices:admin/index_template/")) {
      return role.checkClusterAction(action, request, null);
    }
    ProjectMetadata project = cluster.state().metadata().getProject(ProjectId.DEFAULT);
    if (request instanceof BulkShardRequest bulk) {
      for (BulkItemRequest item : bulk.items()) {
        String kind = switch (item.request().opType()) {
          case CREATE -> "indices:data/write/index:op_type/create";
          case INDEX -> "indices:data/write/index:op_type/index";
          case UPDATE -> "indices:data/write/update";
          case DELETE -> "indices:data/write/delete";
        };
        if (!role.authorize(kind, Set.of(item.index()), project, cache).isGranted()) {
          return false;
        }
      }
    } else if (request instanceof IndicesRequest indices && indices.indices() != null && indices.indices().length > 0) {
      return role.authorize(action, Set.of(indices.indices()), project, cache).isGranted();
    }
    return role.checkIndicesAction(action);
  }

  @Override
  public List<RestHandler> getRestHandlers(RestHandlersServices services, Supplier<DiscoveryNodes> nodes, Predicate<NodeFeature> features) {
    List<RestHandler> all = new ArrayList<>(super.getRestHandlers(services, nodes, features));
    all.add(handler(PUT, "/_security/role/{name}", (request, client) -> {
      var role = new PutRoleRequestBuilder(client).source(request.param("name"), request.requiredContent(), request.getXContentType()).request();
      if (role.validate() != null) {
        throw role.validate();
      }
      roles.put(role.name(), Role.buildFromRoleDescriptor(role.roleDescriptor(), cache, restricted));
      return () -> "{\"role\":{\"created\":true}}";
    }));
    all.add(handler(PUT, "/_security/user/{name}", (request, client) -> {
      var user = new PutUserRequestBuilder(client)
          .source(request.param("name"), request.requiredContent(), request.getXContentType(), Hasher.BCRYPT4).request();
      if (user.validate() != null) {
        throw user.validate();
      }
      passwords.put(user.username(), user.passwordHash());
      users.put(user.username(), roles.getOrDefault(user.roles()[0], Role.EMPTY));
      return () -> "{\"created\":true}";
    }));
    all.add(handler(POST, "/_security/user/{name}/_password", (request, client) -> {
      Map<String, Object> body;
      try (XContentParser parser = request.contentParser()) {
        body = parser.map();
      }
      passwords.put(request.param("name"), Hasher.BCRYPT4.hash(new SecureString(((String) body.get("password")).toCharArray())));
      return () -> "{}";
    }));
    all.add(handler(GET, "/_data_stream/{name}", (request, client) -> {
      String name = request.param("name");
      return () -> "{\"data_streams\":[" + Strings.toString(stream(cluster.state(), name)) + "]}";
    }));
    all.add(handler(PUT, "/_data_stream/{name}", (request, client) -> {
      String name = request.param("name");
      return () -> {
        client.execute(AutoCreateAction.INSTANCE, new CreateIndexRequest(name)).actionGet();
        return "{\"acknowledged\":true}";
      };
    }));
    all.add(handler(PUT, "/_data_stream/{name}/_lifecycle", (request, client) -> {
      DataStreamLifecycle lifecycle;
      try (XContentParser parser = request.contentParser()) {
        lifecycle = DataStreamLifecycle.dataLifecycleFromXContent(parser);
      }
      String name = request.param("name");
      cluster.submitUnbatchedStateUpdateTask("lifecycle", new ClusterStateUpdateTask() {
        @Override
        public ClusterState execute(ClusterState state) {
          DataStream changed = stream(state, name).copy().setLifecycle(lifecycle).build();
          return ClusterState.builder(state).putProjectMetadata(
              ProjectMetadata.builder(state.metadata().getProject(ProjectId.DEFAULT)).put(changed)).build();
        }

        @Override
        public void onFailure(Exception e) {
          e.printStackTrace();
        }
      });
      return () -> "{\"acknowledged\":true}";
    }));
    return all;
  }

  private static DataStream stream(ClusterState state, String name) {
    DataStream stream = state.metadata().getProject(ProjectId.DEFAULT).dataStreams().get(name);
    if (stream == null) {
      throw new org.elasticsearch.ResourceNotFoundException("data stream [" + name + "] not found");
    }
    return stream;
  }

  private interface Answer {
    Callable<String> to(RestRequest request, NodeClient client) throws Exception;
  }

  private RestHandler handler(RestRequest.Method method, String path, Answer answer) {
    return new BaseRestHandler() {
      @Override
      public String getName() {
        return "fleetman_" + method + path;
      }

      @Override
      public List<Route> routes() {
        return List.of(new Route(method, path));
      }

      @Override
      protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        Callable<String> body;
        try {
          body = answer.to(request, client);
        } catch (Exception e) {
          body = () -> {
            throw e;
          };
        }
        Callable<String> then = body;
        return channel -> threads.generic().execute(() -> {
          try {
            channel.sendResponse(new RestResponse(RestStatus.OK, "application/json", then.call()));
          } catch (Exception e) {
            try {
              channel.sendResponse(new RestResponse(channel, e));
            } catch (Exception inner) {
              inner.printStackTrace();
            }
          }
        });
      }
    };
  }
}
