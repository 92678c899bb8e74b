var pe=/^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname)?66e3:0;var R=()=>performance.now(),X=(e,t)=>e.addEventListener("abort",t);function N(e){return typeof e=="string"?Uint8Array.from(atob(e),t=>t.charCodeAt(0)):new Uint8Array(e.buffer,e.byteOffset,e.byteLength)}function K(e,...t){let[n,...r]=e.split("."),i=document.createElement(n||"div");n==="button"&&S(i,{type:"button"}),i.className=r.map(f=>`xw-${f}`).join(" ");for(let f of t)typeof f=="string"||f instanceof Node?i.append(f):S(i,f);return i}function S(e,t){for(let[n,r]of Object.entries(t)){let i=n.replace("_","data-xw-").replace("$","aria-");r==null||r===!1?e.removeAttribute(i):e.setAttribute(i,r===!0?"":`${r}`)}}function C(e,t){e.textContent!==t&&(e.textContent=t)}function E(e,t,n,r){for(let i of n.split(" "))t.addEventListener(i,r,{signal:e,passive:!1})}var z=e=>e.preventDefault();function me(e,t,...n){let r=document.createElementNS("http://www.w3.org/2000/svg",e);return S(r,t),r.append(...n),r}function Te(e,t="",n="0 0 16 16"){return me("svg",{class:t,viewBox:n,preserveAspectRatio:"none",$hidden:"true"},me("path",{d:e}))}function be(e,t,n,r,i,f={}){let h={_control:t,title:n,$label:n,...f},d=K("button.tool",h,Te(r));return E(e,d,"click",i),d}var F=()=>`xw-${Math.random().toString(36).slice(2)}`;function Ue(e){if(!Number.isFinite(e))return"–";let t=Math.abs(e),n=t>=1e4||t>0&&t<.001?e.toExponential(1).replace("e+","e"):String(+e.toPrecision(3));return(e>0?"+":"")+n.replaceAll("-","−")}function V(e,t=1){let n=10**-t;return e>0&&200*e<n?`<${n} %`:`${(100*e).toFixed(t)} %`}var H=(e,t,n)=>t==="number"?Ue(e).replace("+",""):V(e,n);function ge(e){let[t,n]=[K("span"),K("i.tick",{hidden:!0})],[r,i]=[K("span.class",t,n),K("span.chance")];return{element:K(e,r,i),name:r,show(f,h,d,a){let s=d==="number"?0:100;C(t,f),r.style.backgroundSize=`${s*(h??0)}%`,C(i,h==null?"":H(h,d)),n.hidden=a===void 0||!s,n.style.left=`${s*(a??0)}%`}}}function xe(e,t,n){let r=ge("button.bar.risen"),[i,f]=[K("b"),K("span.facts")],h=K("p.verdict",{_verdict:!0},i," ",f),d=K(".answers",r.element,h),a=new Float32Array,s,l=0;E(e,r.element,"click",()=>{t.set("target",l),t.save_changes()});let x=c=>t.get("class_names")?.[c]??`class ${c}`,u=()=>t.get("prediction")?.top[0]?.unit;function M(c,v){let[m,o]=c.children,b=u()==="number"?0:(s??a)[v];m.style.backgroundSize=`${100*b}%`,C(o,H((s??a)[v],u()));let g=m.querySelector("i");g.hidden=!s||u()==="number",g.style.left=`${100*a[v]}%`}return{element:d,begin(c){a=c},say(c){s=c?.length===a.length?c:void 0},show(c,v){if(!a.length)return"";let m=new Set;for(let L of n.querySelectorAll(".xw-bars .xw-bar")){if(!L.dataset.xwClass)continue;let P=Number(L.dataset.xwClass);m.add(P),M(L,P)}l=s?s.indexOf(Math.max(...s)):0;let o=!!s&&!m.has(l);r.show(x(l),(s??a)[l],u(),s&&a[l]);let b=`Most probable in the painted picture (class ${l}): explain it`;S(r.element,{title:b}),r.element.hidden=!o;let g=t.get("target"),y=typeof g=="number"?g:t.get("prediction").top[0].index,w=s?` → ${H(s[y],u())}`:"";C(i,c?`${x(y)} ${H(a[y],u())}${w}`:"");let I=`with ${V(c,0)} of the picture painted`;return C(f,c?I:"Paint over what you think matters: the bars answer."),d.hidden=!v&&!c,h.textContent??""}}}function B(e,t,n){return Math.max(t,Math.min(n,e))}var he=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var it=he.map(([e,t,n])=>({name:e,title:t,diverging:!!n}));var $e=({data:e,mime:t})=>createImageBitmap(new Blob([N(e)],{type:t}));async function ee(e){let{width:t,height:n}=e,r=new OffscreenCanvas(t,n).getContext("2d");return r.drawImage(await $e(e),0,0,t,n),new Uint32Array(r.getImageData(0,0,t,n).data.buffer)}function Ke(e,t,[n,r],[i,f],h){let d=e.length/t,[a,s]=[i-n,f-r],l=Math.max(h,1),x=(o,b,g)=>[B(Math.floor(Math.min(o,b)-l),0,g),B(Math.ceil(Math.max(o,b)+l),0,g)],[u,M]=x(n,i,t),[c,v]=x(r,f,d),m=!1;for(let o=c;o<v;o++)for(let b=u;b<M;b++){let[g,y]=[b+.5-n,o+.5-r],w=B((g*a+y*s)/(a*a+s*s||1),0,1);!(b===Math.floor(i)&&o===Math.floor(f))&&Math.hypot(g-w*a,y-w*s)>h||(e[o*t+b]=1,m=!0)}return m?[u,c,M,v]:null}function ne(e){let t=[],[n,r]=[0,0];for(let i=0;i<=e.length;i++){let f=i-r===65535;i<e.length&&e[i]===n&&!f||(t.push(i-r),f&&e[i]===n?t.push(0):n^=1,r=i)}return Uint16Array.from(t)}function re(e,t){let n=new Uint8Array(t),r=0;return e.forEach((i,f)=>{n.fill(f&1,r,r+i),r+=i}),n}function ye(e){let t=0;for(let n=0;n<e.length;n++)t+=e[n];return t/(e.length||1)}var Be=99,q=class{past=[];get any(){return this.past.length>0}begin(t){this.past.push(ne(t)),this.past.length>Be&&this.past.shift()}undo(t){let n=this.past.pop();return n&&t.set(re(n,t.length)),!!n}forget(){this.past.length=0}},te=4278190080;function we(e,t){let n,r,i,f,h=0,d=0;return{async load(a,s,[l,x,u]){[i,f]=await Promise.all([ee(a),ee(s)]),{width:d}=a,[r,n]=[new ImageData(d,a.height),new ImageData(d,a.height)],h=(te|u<<16|x<<8|l)>>>0},draw([a,s,l,x],u,M,c){if(e.width!==d||l<=a)return;let[v,m]=[r,n].map(({data:y})=>new Uint32Array(y.buffer)),o=M==="mean"?h:te;for(let y=s;y<x;y++)for(let w=y*d+a;w<y*d+l;w++)v[w]=u[w]?M==="blur"?f[w]:o:i[w],m[w]=u[w]?te:0;if(e.getContext("2d").putImageData(r,0,0,a,s,l-a,x-s),c||t.width!==d)return;let b=new OffscreenCanvas(l-a,x-s);b.getContext("2d").putImageData(n,-a,-s);let g=t.getContext("2d");g.globalCompositeOperation="destination-out",g.drawImage(b,a,s),g.globalCompositeOperation="source-over"}}}function ve(e,t,n,r){let i=n.parentElement,f=K(".circle",{hidden:!0});i.append(f);let h=o=>o.getBoundingClientRect(),d=null,a=0,s=null,l=!1;function x({clientX:o,clientY:b}){let{left:g,top:y,width:w,height:I}=h(n),L=h(i),P=r.beside()?L.width/2:0,_=P&&o-L.left>=P?o-P:o,[T,Q]=r.extent();return[(_-g)/w*T,(b-y)/I*Q]}function u(o=s&&x(s)){let[b]=r.extent();if(f.hidden=!r.active()||!o||!b||l,!o||f.hidden)return;let{left:g,top:y,width:w}=h(n),I=h(i),L=w/b,[P,_]=[g-I.left+o[0]*L,y-I.top+o[1]*L];f.style.cssText=`left:${P}px;top:${_}px;width:${L*r.size()}px`}function M(o){r.paint(d??o,o),d=o}function c(o,b){for(let g of o.split(" "))i.addEventListener(g,b,{signal:e,capture:!0})}let v=()=>r.active()&&!l&&r.extent()[0]>0;c("pointerdown",o=>{s=o,!(!v()||o.button)&&(o.stopImmediatePropagation(),!d&&(i.setPointerCapture(o.pointerId),a=o.pointerId,r.begin(),M(x(o)),u(),r.painted()))}),c("pointermove",o=>{if(d&&o.pointerId!==a)return;s=o;let b=o.getCoalescedEvents?.()??[];if(d)for(let g of b.length?b:[o])M(x(g));u(),d&&r.painted()}),c("pointerup pointercancel lostpointercapture",o=>{!d||o.pointerId!==a||(d=null,o.pointerType==="touch"&&(s=null),u(),r.end())}),c("pointerleave",o=>{o.target===i&&(s=null,u())}),c("dblclick",o=>v()&&o.stopImmediatePropagation()),c("mousedown",o=>{r.active()&&o.button===1&&z(o)}),E(e,i,"wheel",()=>u()),E(e,i,"blur",()=>{l=!1,u()}),E(e,t,"keyup",({key:o})=>{o!==" "||!l||(l=!1,u())});function m(o){let[b,g]=r.extent(),[y,w]=r.spot()??[.5,.5],I=[y*b,w*g];s=null,o&&v()&&(r.begin(),M(I),d=null,r.painted(),r.end()),u(I)}return{follow:u,painting:()=>!!d,focus:()=>i.focus({preventScroll:!0}),press({key:o,target:b,defaultPrevented:g}){if(b!==i||!r.active())return!1;if(o.startsWith("Arrow"))m(!1);else if(g)u();else if(o===" "&&s)l=!0,u();else if(o===" "||o==="Enter")m(!0);else return!1;return!0}}}var Me=`.xw-root {
  .xw-toolbar,
  .xw-answers {
    display: none;
  }
  .xw-verdict {
    padding: 6px 0 4px;
  }
  .xw-verdict b {
    display: block;
    font-weight: 600;
  }
  .xw-answers:not([hidden]) {
    display: block;
  }
  .xw-class {
    position: relative;
  }
  /* Two notches, so that the name can still be read. */
  .xw-tick {
    position: absolute;
    inset: 0 auto;
    width: 2px;
    margin-left: -1px;
    border: solid var(--xw-muted);
    border-width: 6px 0;
  }
  .xw-circle {
    position: absolute;
    aspect-ratio: 1;
    border-radius: 50%;
    outline: 1.5px solid #fff;
    box-shadow:
      inset 0 0 0 1px #000a,
      0 0 0 2.5px #000a;
    pointer-events: none;
    translate: -50% -50%;
  }
  .xw-tools [aria-pressed="true"] {
    background: #fff;
    * {
      color: #1b1d21;
    }
  }

  &[data-xw-brush] {
    .xw-stage {
      flex-wrap: wrap;
      align-content: space-between;
    }
    .xw-toolbar {
      display: flex;
      flex: 1 0 100%;
      flex-wrap: wrap;
      gap: 4px 8px;
      align-items: center;
      padding: 8px 12px;
      container-type: inline-size;
      border-top: 1px solid var(--xw-line);
      background: var(--xw-bg);
    }
    .xw-sizes {
      display: flex;
      flex: 1;
      gap: 8px;
      align-items: center;
      min-width: 100px;
      max-width: 260px;
    }
    .xw-sizes .xw-number {
      flex: none;
      width: 48px;
      line-height: 24px;
    }
    .xw-toolbar .xw-facts {
      margin: 0 0 0 auto;
    }
    @container (width < 580px) {
      .xw-toolbar .xw-facts {
        display: none;
      }
    }
    &[data-xw-late] .xw-answers {
      opacity: 0.6;
    }
    .xw-toolbar :disabled {
      opacity: 0.4;
      cursor: default;
    }
    .xw-pane {
      cursor: none;
      touch-action: none;
    }
    .xw-ring {
      opacity: 0;
    }
    [data-xw-arrangement="side_by_side"] .xw-ring {
      opacity: 1;
    }
    .xw-stage > .xw-pill {
      bottom: calc(10px + var(--xw-toolbar));
    }
    .xw-stage > .xw-tools {
      opacity: 1;
    }
  }
}
`;function Ee(e,t,n,r,i){let f=F(),h=r.map(([l,,x])=>K("input",{type:"radio",name:f,value:l,$label:x})),d=r.map(([,l],x)=>K("label.segment",h[x],l)),a=K(".segments",{role:"radiogroup",$label:t,_control:n});return a.append(...d),E(e,a,"change",({target:l})=>i(l.value)),E(e,a,"dblclick",()=>i(r[0][0])),[a,(l,x=null)=>{for(let[u,[M,,c]]of r.entries())S(d[u],{title:x??c}),S(h[u],{disabled:!!x}),h[u].checked=M===l}]}function Ae(e,t,n,r){let i=K("input.range",{type:"range",$label:t,_control:n});return E(e,i,"input",()=>r(+i.value)),{range:i,show(f,h,d,a,s=!1){S(i,{min:h,max:d,$valuetext:a,disabled:s}),i.value=String(f),i.style.setProperty("--xw-share",`${100*(f-h)/(d-h||1)}%`)}}}var Oe=[["black","black","Paint it black"],["blur","blur","Leave a blur of it"],["mean","mean","Paint it in the picture's mean colour"]],De="M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6";function Se(e,t){let[n,r]=Ee(e,"Paint with","fill",Oe,t.fill),i=Ae(e,"Brush size","brush-size",M);S(i.range,{title:"Brush size ([ and ])"});let f=K("span.number"),h=be(e,"undo","Undo (Ctrl+Z)",De,t.undo),d=K("button.link",{_control:"clear",title:"Clear the paint"},"Clear");E(e,d,"click",t.clear);let a=K(".toolbar",{role:"group",$label:"Brush"},n),s=K("span.facts","[ ] size · Ctrl+Z undo · Esc done");a.append(K(".sizes",i.range,f),h,d,s);let l=0,x=1,u=[];function M(c){l=B(Math.round(c),1,x),i.show(l,1,x,`${l} pixels`),C(f,`${l} px`),t.resized()}return E(e,i.range,"dblclick",()=>M(x/4)),{element:a,get size(){return l},larger:()=>M(Math.max(l+1,l*1.25)),smaller:()=>M(Math.min(l-1,l/1.25)),fit(c,v){let m=x;x=Math.max(2,c>>1),M(m===x?l:x/4),u=v},show(c,v,m){r(c);for(let o of n.querySelectorAll("input"))o.disabled=!u.includes(o.value);h.disabled=!v,d.disabled=!m}}}var Ie=200,Re=1e4,_e=e=>N(e??"").slice().buffer,Z=e=>new Float32Array(_e(e)),Le=e=>new Uint16Array(_e(e));function Je(e,t,n,r,i,f,h,d){let a=p=>t.querySelector(p),s=a('[data-xw-canvas="picture"]'),l=a('[data-xw-control="brush"]'),x=F(),u=new q,M=we(s,a('[data-xw-canvas="heat"]')),[c,v]=[0,0],m=new Uint8Array(0),o="blur",b=!1,g=0,y=0,w=0,I=0,L="",P=!0,_=xe(n,e,t),T=ve(n,t,s,{active:()=>b,extent:()=>[c,v],size:()=>Q.size,beside:()=>ie(),spot:i,begin:()=>u.begin(m),paint(p,A){let k=Ke(m,c,p,A,Q.size/2);k&&j(k)},painted:le,end:U}),Q=Se(n,{fill(p){o=p,W()},undo:se,clear(){u.begin(m),m.fill(0),W(),T.focus()},resized:()=>T.follow()});t.append(K("style",Me)),a(".xw-stage").append(Q.element),a(".xw-bars").after(_.element);let oe=new ResizeObserver(()=>t.style.setProperty("--xw-toolbar",`${Q.element.offsetHeight}px`));oe.observe(Q.element);let ie=()=>e.get("arrangement")==="side_by_side",j=p=>M.draw(p,m,o,ie());function U(){let p=m.includes(1);Q.show(o,u.any,p);let A=_.show(ye(m),b),k=w>0&&R()-I>Ie;S(t,{_brush:b,_stroke:g,_painted:y,_late:k}),S(l,{$pressed:String(b)}),!(!p||y!==g||T.painting()||A===L)&&(L=A,C(a(".xw-live"),A))}function ae(){r(),j([0,0,c,v])}function W(){ae(),le()}function se(){u.undo(m)&&(W(),u.any||T.focus())}function le(){g+=1,m.includes(1)?ue():(_.say(),y=g,ce()),U()}function ue(){y===g||w&&R()-I<Re||(w=g,I=R(),setTimeout(U,Ie+20),ce())}function ce(){let p={kind:"paint",by:x,seq:g,fill:o,full:pe};e.send(p,void 0,[ne(m)])}function G(p,[A,...k]=[]){if(p.kind==="brush"&&Pe(p,k),p.kind!=="painted"||!c)return;let $=p.by===x;$&&p.seq<y||($?y=p.seq:de(p.fill,Le(k[0])),w=0,m.includes(1)&&!p.failed&&_.say(Z(A)),ue(),U())}function de(p,A){p&&(u.begin(m),o=p,m.set(re(A,m.length)),m.includes(1)||_.say(),g+=1,y=g,ae())}async function Pe(p,[A,k,$,Qe]){let Y=e.get("picture"),{width:O,height:D}=Y,{mime:ke,mean:Ce}=p;await M.load(Y,{width:O,height:D,mime:ke,data:A},Ce),!(Y!==e.get("picture")||n.aborted)&&([c,v]=[O,D],m.length!==O*D&&(m=new Uint8Array(O*D)),_.begin(Z(k)),Q.fit(Math.min(O,D),p.fills),p.fills.includes(o)||(o=p.fills[0]),de(p.fill??null,Le($)),u.forget(),m.includes(1)&&_.say(Z(Qe)),P&&m.includes(1)&&e.send({kind:"brush",known:!0}),P&&d&&J(),P=!1,U())}function fe(){[c,w,m]=[0,0,new Uint8Array(0)],_.begin(Z(void 0)),y=g,u.forget(),_.say(),e.send({kind:"brush",known:!0}),U()}function J(){b=!b,U(),T.follow(),b&&T.focus()}return E(n,l,"click",J),E(n,t,"keydown",p=>{let{key:A,target:k}=p;if(k.matches("input:not([type])"))return;let $=p.ctrlKey||p.metaKey;if($&&A==="z")se();else if(!$&&A==="b"&&!p.defaultPrevented)J();else{if($||p.altKey||!b)return;if(A==="[")Q.smaller();else if(A==="]")Q.larger();else if(A==="Escape"&&!p.defaultPrevented)J(),p.stopPropagation();else if(!T.press(p))return}z(p)}),e.on("msg:custom",G),e.on("change:picture",fe),X(n,()=>{oe.disconnect(),e.off("msg:custom",G),e.off("change:picture",fe)}),G(f,h),()=>{m.includes(1)&&j([0,0,c,v]),U()}}export{Je as default};
