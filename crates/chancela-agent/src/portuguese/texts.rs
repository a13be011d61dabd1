//! Texts that are no error of their own: reasons and things within other sentences, and what the reader of the configuration
//! says. Gaps are those of [`phrase`](super::phrase).

/// Whole texts.
pub(super) const WORDS: &[(&str, &str)] = &[
    // What a request or a login lacks.
    ("client id", "client_id"),
    ("client secret", "client_secret"),
    ("partner's id or secret", "partner_id ou partner_secret"),
    ("partner's id", "partner_id"),
    ("partner's secret", "partner_secret"),
    ("user name", "nome de usuário"),
    ("password", "senha"),
    ("code", "código"),
    ("token", "token"),
    ("refresh token", "token de renovação"),
    ("state", "state"),
    ("nonce", "nonce"),
    ("tenant", "tenant"),
    ("partner credentials", "credenciais de parceiro"),
    ("key of the application", "chave da aplicação"),
    ("token of another step", "token de outra etapa"),
    ("certificate in a header", "certificado em um cabeçalho"),
    ("a signed client assertion", "uma client assertion assinada"),
    ("a client certificate on the connection", "um certificado de cliente na conexão"),
    ("a client secret", "um client_secret"),
    ("partner_id or partner_secret", "partner_id ou partner_secret"),
    // Why a value is missing.
    ("danger_password needs the user's name", "danger_password precisa do nome do usuário"),
    ("danger_password needs its place", "danger_password precisa saber onde ela está"),
    ("a partner platform has both", "uma plataforma parceira tem os dois"),
    (
        "the provider's addresses name one, in letters, digits and -._~",
        "os endereços do provedor indicam um, com letras, dígitos e -._~",
    ),
    (
        "the provider gave a token that is not bound to our key, and it was dropped; ask the provider to enable DPoP for this client, or set dpop = { danger_bearer = true }",
        "o provedor deu um token que não é vinculado à nossa chave, e ele foi descartado; peça ao provedor que habilite DPoP para este cliente, ou configure dpop = { danger_bearer = true }",
    ),
    (
        "a DPoP proof is for one address; give the request's whole address, as https://HOST/PATH, without a user name",
        "uma prova DPoP é para um endereço; informe o endereço inteiro da requisição, como https://HOST/PATH, sem nome de usuário",
    ),
    // Values of the configuration.
    ("has no certificate", "não tem certificado"),
    (
        "a redirect is http://127.0.0.1:PORT/PATH as the provider registered it ([::1] or localhost in place of 127.0.0.1, 0 as PORT for any free one), or an https address from which the answer is pasted",
        "um redirect é http://127.0.0.1:PORT/PATH como o provedor o cadastrou ([::1] ou localhost no lugar de 127.0.0.1, 0 como PORT para qualquer porta livre), ou um endereço https de onde a resposta é colada",
    ),
    (
        "a rule that names nobody allows everybody; give it a uid or a gid",
        "uma regra que não indica ninguém permite todos; dê a ela um uid ou um gid",
    ),
    (
        "a time is a number of seconds or a text as 30s, 5m, 2h or 30d",
        "um tempo é um número de segundos ou um texto como 30s, 5m, 2h ou 30d",
    ),
    ("a time is a text as 30s, 5m or 2h", "um tempo é um texto como 30s, 5m ou 2h"),
    ("a time is 24h at most", "um tempo é de no máximo 24h"),
    (
        "a share of a token's life is a text from 0% to 50%",
        "uma parte da vida de um token é um texto de 0% a 50%",
    ),
    // What the doctor finds.
    (
        "there is none: each program asks for tokens of its own, and nobody can log in; add [cache] with a key",
        "não há: cada programa pede tokens próprios, e ninguém pode fazer login; acrescente [cache] com uma chave",
    ),
    ("it can be written and locked, and has room", "pode ser escrita e travada, e tem espaço"),
    ("its only environment", "o único ambiente dele"),
    (
        "no place for one is known; name one with agent.socket if programs shall use one",
        "não se sabe onde ficaria; indique um com agent.socket se programas vão usá-lo",
    ),
    (
        "its own user may do everything, and nobody else anything",
        "o próprio usuário pode fazer tudo, e ninguém mais pode nada",
    ),
    ("not tried: the configuration comes first", "não foi tentada: a configuração vem primeiro"),
    ("not asked for: the configuration comes first", "não foi pedido: a configuração vem primeiro"),
    // Commands that start programs, or answer them.
    ("name a program after --", "indique um programa depois de --"),
    (
        "--renew signal: a program's environment cannot be changed; add --files, or use --renew restart",
        "--renew signal: o ambiente de um programa não pode ser alterado; acrescente --files, ou use --renew restart",
    ),
    (
        "name a provider, or give the token on standard input",
        "indique um provedor, ou dê o token na entrada padrão",
    ),
    ("name the keys with --jwks", "indique as chaves com --jwks"),
    ("a token for the order", "um token para o pedido"),
    // Types, as the reader of the configuration names them.
    ("a string", "um texto"),
    ("a boolean", "true ou false"),
    ("a map", "uma tabela"),
    ("a sequence", "uma lista"),
    ("map", "uma tabela"),
    ("sequence", "uma lista"),
    // What is no TOML.
    ("duplicate key", "chave repetida; deixe uma só"),
    ("key with no value, expected `=`", "chave sem valor; falta `=`"),
    ("string values must be quoted, expected literal string", "textos ficam entre aspas"),
    ("unclosed table, expected `]`", "a tabela não foi fechada; falta `]`"),
    // The agent's process.
    ("a request has at most 64 KiB", "uma requisição tem no máximo 64 KiB"),
    (
        "this user or group may not do that here; see [[agent.allow]] in the agent's configuration",
        "este usuário ou grupo não pode fazer isso aqui; veja [[agent.allow]] na configuração do agente",
    ),
    (
        "the agent's configuration has no such provider; `chancela agent status` lists them",
        "a configuração do agente não tem esse provedor; `chancela agent status` os lista",
    ),
    (
        "as many callers as there may be listen to events already",
        "já há tantos ouvintes de eventos quantos pode haver",
    ),
];

/// Texts with gaps.
pub(super) const PHRASES: &[(&str, &str)] = &[
    ("⟪what⟫ (next attempt in ⟦time⟧)", "⟪what⟫ (próxima tentativa em ⟦time⟧)"),
    (
        "every call of this provider's API carries ⟦name⟧; give it as credential.⟦name⟧",
        "toda chamada à API deste provedor leva ⟦name⟧; informe-o como credential.⟦name⟧",
    ),
    (
        "unknown field `⟦name⟧`, expected one of ⟦known⟧",
        "campo desconhecido `⟦name⟧`; use um destes: ⟦known⟧",
    ),
    ("unknown field `⟦name⟧`, expected ⟦known⟧", "campo desconhecido `⟦name⟧`; use: ⟦known⟧"),
    (
        "unknown variant `⟦name⟧`, expected one of ⟦known⟧",
        "valor desconhecido `⟦name⟧`; use um destes: ⟦known⟧",
    ),
    ("unknown variant `⟦name⟧`, expected ⟦known⟧", "valor desconhecido `⟦name⟧`; use: ⟦known⟧"),
    ("missing field `⟦name⟧`", "falta o campo `⟦name⟧`; informe-o"),
    ("duplicate field `⟦name⟧`", "campo repetido `⟦name⟧`; deixe um só"),
    ("invalid type: ⟪found⟫, expected ⟪wanted⟫", "tipo errado: veio ⟪found⟫, espera-se ⟪wanted⟫"),
    ("invalid value: ⟪found⟫, expected ⟪wanted⟫", "valor errado: veio ⟪found⟫, espera-se ⟪wanted⟫"),
    ("string \"⟦text⟧\"", "texto \"⟦text⟧\""),
    ("integer `⟦number⟧`", "número inteiro `⟦number⟧`"),
    ("floating point `⟦number⟧`", "número `⟦number⟧`"),
    ("boolean `⟦value⟧`", "`⟦value⟧`"),
    // What the doctor finds.
    ("⟦path⟧ was read; it has ⟦count⟧ providers", "⟦path⟧ foi lido; tem ⟦count⟧ provedores"),
    (
        "⟦path⟧: ⟪error⟫; check that this user may read it",
        "⟦path⟧: ⟪error⟫; verifique se este usuário pode ler",
    ),
    (
        "anyone on this machine may change ⟦path⟧ (mode ⟦mode⟧) and send our secrets elsewhere; run: chmod go-w ⟦path⟧",
        "qualquer um nesta máquina pode alterar ⟦path⟧ (modo ⟦mode⟧) e mandar nossos segredos para outro lugar; execute: chmod go-w ⟦path⟧",
    ),
    (
        "⟦path⟧ belongs to user ⟦owner⟧, who may send our secrets elsewhere; run: chown ⟦own⟧ ⟦path⟧",
        "⟦path⟧ pertence ao usuário ⟦owner⟧, que pode mandar nossos segredos para outro lugar; execute: chown ⟦own⟧ ⟦path⟧",
    ),
    (
        "⟦path⟧: its group may change it (mode ⟦mode⟧); run: chmod go-w ⟦path⟧",
        "⟦path⟧: o grupo dele pode alterá-lo (modo ⟦mode⟧); execute: chmod go-w ⟦path⟧",
    ),
    ("nobody else may change it (mode ⟦mode⟧)", "ninguém mais pode alterá-lo (modo ⟦mode⟧)"),
    ("⟦path⟧ is not there yet; the first token makes it", "⟦path⟧ ainda não existe; o primeiro token a cria"),
    ("⟦path⟧ is this user's alone", "⟦path⟧ é só deste usuário"),
    ("⟦place⟧ gives one", "⟦place⟧ dá uma"),
    (
        "⟦path⟧ cannot be written: ⟪error⟫; see that its disk has room and locks, and is not read-only",
        "⟦path⟧ não pode ser escrita: ⟪error⟫; verifique se o disco tem espaço e travas, e não é somente leitura",
    ),
    ("⟦path⟧ has less than 16 MiB left; make room", "⟦path⟧ tem menos de 16 MiB livres; libere espaço"),
    (
        "⟦count⟧ damaged files were set aside, ⟦first⟧ for example; remove them once you know why",
        "⟦count⟧ arquivos danificados foram postos de lado, ⟦first⟧ por exemplo; remova-os quando souber o motivo",
    ),
    ("⟦count⟧ can be read", "⟦count⟧ podem ser lidos"),
    ("dialect ⟦dialect⟧, ⟪environment⟫, at ⟦target⟧", "dialeto ⟦dialect⟧, ⟪environment⟫, em ⟦target⟧"),
    ("⟦place⟧ is read when it is needed", "⟦place⟧ é lido quando for preciso"),
    ("⟦place⟧ can be read", "⟦place⟧ pode ser lido"),
    ("⟦until⟧: it has expired; get a new one", "⟦until⟧: venceu; obtenha um novo"),
    ("⟦until⟧: it ends soon; get a new one", "⟦until⟧: vence logo; obtenha um novo"),
    ("⟦until⟧, and it is its key's", "⟦until⟧, e é o da chave"),
    (
        "sent without that of its issuer, ⟦issuer⟧; servers that do not know it refuse it",
        "enviado sem o do emissor, ⟦issuer⟧; servidores que não o conhecem o recusam",
    ),
    ("⟦count⟧ certificates are sent", "⟦count⟧ certificados são enviados"),
    ("it can be made: ⟦steps⟧", "pode ser feita: ⟦steps⟧"),
    (
        "no agent runs at ⟦path⟧; `chancela agent run` starts one",
        "nenhum agente está em execução em ⟦path⟧; `chancela agent run` inicia um",
    ),
    (
        "⟦path⟧: ⟪error⟫; check the rights of its folder",
        "⟦path⟧: ⟪error⟫; verifique as permissões da pasta dele",
    ),
    (
        "⟦path⟧ belongs to user ⟦owner⟧; check that this is the agent's",
        "⟦path⟧ pertence ao usuário ⟦owner⟧; verifique se é o do agente",
    ),
    (
        "the agent at ⟦path⟧ answers and shows ⟦count⟧ providers",
        "o agente em ⟦path⟧ responde e mostra ⟦count⟧ provedores",
    ),
    ("the agent at ⟦path⟧ says: ⟪detail⟫", "o agente em ⟦path⟧ diz: ⟪detail⟫"),
    ("⟦count⟧ rules say who may do what", "⟦count⟧ regras dizem quem pode fazer o quê"),
    (
        "not asked for: a person logs in; see `chancela agent status` or run `chancela agent login ⟦name⟧`",
        "não foi pedido: uma pessoa faz login; veja `chancela agent status` ou execute `chancela agent login ⟦name⟧`",
    ),
    ("the provider gives one, for ⟦seconds⟧ s", "o provedor dá um, por ⟦seconds⟧ s"),
    ("⟦name⟧ is reached through ⟦proxy⟧", "chega-se a ⟦name⟧ por ⟦proxy⟧"),
    ("⟦name⟧ is at ⟦addresses⟧", "⟦name⟧ está em ⟦addresses⟧"),
    ("⟦name⟧ takes connections", "⟦name⟧ aceita conexões"),
    ("⟦name⟧ does not say its time", "⟦name⟧ não diz a hora dele"),
    ("it agrees with that of ⟦name⟧ (⟦ahead⟧ s)", "concorda com o de ⟦name⟧ (⟦ahead⟧ s)"),
    (
        "this machine's clock differs from that of ⟦name⟧ by ⟦ahead⟧ s; set it, with NTP for example",
        "o relógio desta máquina difere do de ⟦name⟧ em ⟦ahead⟧ s; acerte-o, com NTP por exemplo",
    ),
    ("⟦version⟧, ⟦count⟧ certificates", "⟦version⟧, ⟦count⟧ certificados"),
    (
        "⟦name⟧: from ⟦issuer⟧, until ⟦end⟧: it ends soon; tell the provider",
        "⟦name⟧: de ⟦issuer⟧, até ⟦end⟧: vence logo; avise o provedor",
    ),
    ("⟦name⟧: from ⟦issuer⟧, until ⟦end⟧", "⟦name⟧: de ⟦issuer⟧, até ⟦end⟧"),
    (
        "⟦name⟧ demands one; name yours with `certificate` and `certificate_key`",
        "⟦name⟧ exige um; indique o seu com `certificate` e `certificate_key`",
    ),
    ("⟦name⟧ asks for one and takes ours", "⟦name⟧ pede um e aceita o nosso"),
    (
        "⟦name⟧ does not ask for one; check that the address is the one for clients with certificates",
        "⟦name⟧ não pede um; verifique se o endereço é o de clientes com certificado",
    ),
    ("⟦name⟧ asks for one and does without", "⟦name⟧ pede um e passa sem ele"),
    // What stops a program with tokens, or one that asks for them.
    (
        "name a provider with --provider: one of ⟦known⟧",
        "indique um provedor com --provider: um destes: ⟦known⟧",
    ),
    (
        "no variable can begin with ⟦prefix⟧; give letters, digits and _ as --provider ⟦provider⟧=PREFIX",
        "nenhuma variável pode começar com ⟦prefix⟧; dê letras, dígitos e _ como --provider ⟦provider⟧=PREFIX",
    ),
    (
        "two providers would have the same variables; tell them apart with --provider ⟦provider⟧=PREFIX",
        "dois provedores teriam as mesmas variáveis; diferencie-os com --provider ⟦provider⟧=PREFIX",
    ),
    (
        "⟦name⟧ ⟦what⟧; let kubectl or client-go set it",
        "⟦name⟧ ⟦what⟧; deixe que kubectl ou client-go a defina",
    ),
    ("there is no file ⟦name⟧; known are: ⟦known⟧", "não há o arquivo ⟦name⟧; existem: ⟦known⟧"),
];
