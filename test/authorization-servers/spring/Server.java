package server;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.annotation.web.configuration.WebSecurityCustomizer;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.oauth2.server.authorization.settings.TokenSettings;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Spring Authorization Server with the defaults of Spring Boot, and a request that registers a client for the tests. */
@SpringBootApplication
@RestController
public class Server implements RegisteredClientRepository {
  private final Map<String, RegisteredClient> clients = new ConcurrentHashMap<>();

  public static void main(String[] arguments) {
    SpringApplication.run(Server.class, arguments);
  }

  record Client(
      String id,
      String secret,
      String method,
      Set<String> grants,
      Set<String> redirectUris,
      Set<String> scopes,
      boolean consent,
      long accessTokenSeconds) {}

  @PostMapping("/clients")
  public void register(@RequestBody Client client) {
    save(
        RegisteredClient.withId(client.id())
            .clientId(client.id())
            .clientSecret("{noop}" + client.secret())
            .clientAuthenticationMethod(new ClientAuthenticationMethod(client.method()))
            .authorizationGrantTypes(
                types -> client.grants().forEach(grant -> types.add(new AuthorizationGrantType(grant))))
            .redirectUris(uris -> uris.addAll(client.redirectUris()))
            .scopes(scopes -> scopes.addAll(client.scopes()))
            .clientSettings(
                ClientSettings.builder().requireAuthorizationConsent(client.consent()).build())
            .tokenSettings(
                TokenSettings.builder()
                    .accessTokenTimeToLive(Duration.ofSeconds(client.accessTokenSeconds()))
                    .build())
            .build());
  }

  @Bean
  public WebSecurityCustomizer openRegistration() {
    return web -> web.ignoring().requestMatchers("/clients");
  }

  @Override
  public void save(RegisteredClient client) {
    clients.put(client.getId(), client);
  }

  @Override
  public RegisteredClient findById(String id) {
    return clients.get(id);
  }

  @Override
  public RegisteredClient findByClientId(String clientId) {
    return clients.get(clientId);
  }
}
